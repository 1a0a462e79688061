import {
  type GraphProto,
  type NodeProto,
  TensorProto_DataType,
} from '../../formats/onnx/onnx_pb.js';
import { inputsOf, type Subgraph, subgraph } from './onnx-subgraph.js';

/**
 * Where an image tower pools its tokens. What follows is computed from the pooled row alone: run on
 * other rows, it does to each what it does to the pooled one.
 */
export interface DenseCut {
  /**
   * The tower's value that rows are taken from: with a class token, all tokens [n, 1 + P, hidden];
   * with an attention pooling head, its values, one row a head and patch.
   */
  readonly rows: string;
  /** The value that the rest starts from, in place of which a row is fed. */
  readonly pooled: string;
  /** A value [n, ..., ...] that the rest needs for the size of its batch, and for nothing else. */
  readonly batch: string | undefined;
  /** What is computed from `pooled`. */
  readonly rest: Subgraph;
}

/**
 * The cut of a tower with a class token (CLIP): the last `Gather` of index 0 along axis 1 that all
 * paths from the image to the embedding go through.
 */
export function classTokenCut(
  graph: GraphProto,
  image: string,
  embedding: string,
): DenseCut | undefined {
  for (const node of graph.node.toReversed()) {
    const [rows, index] = node.input;
    const [pooled] = node.output;
    if (node.opType !== 'Gather' || rows === undefined || pooled === undefined) continue;
    if (integerAttribute(node, 'axis') !== 1 || !isZero(graph, index)) continue;
    const found = restAfter(graph, image, embedding, pooled);
    if (found !== undefined && found.batch === undefined) return { rows, pooled, ...found };
  }
  return undefined;
}

/**
 * The cut of a tower with an attention pooling head (SigLIP): the last product of attention weights
 * (the output of a `Softmax`) and values that all paths go through. A query that attends to one
 * patch alone has weight 1 there, so that its product is the patch's row of the values.
 */
export function poolingHeadCut(
  graph: GraphProto,
  image: string,
  embedding: string,
): DenseCut | undefined {
  const weights = new Set(
    graph.node.filter(({ opType }) => opType === 'Softmax').flatMap(({ output }) => output),
  );
  for (const node of graph.node.toReversed()) {
    const [left, rows] = node.input;
    const [pooled] = node.output;
    if (node.opType !== 'MatMul' || rows === undefined || pooled === undefined) continue;
    if (left === undefined || !weights.has(left)) continue;
    const found = restAfter(graph, image, embedding, pooled);
    if (found !== undefined) return { rows, pooled, ...found };
  }
  return undefined;
}

/**
 * What computes `embedding` from `pooled`, where that is possible without the image, except for the
 * shape of one of its values.
 */
function restAfter(
  graph: GraphProto,
  image: string,
  embedding: string,
  pooled: string,
): { readonly rest: Subgraph; readonly batch: string | undefined } | undefined {
  const data = dependents(graph, image, pooled);
  if (data.has(embedding)) return undefined;
  const whole = subgraph(graph, [embedding], new Set([pooled]));
  if (!whole.free.has(pooled)) return undefined;
  const shapes = whole.nodes.filter(({ opType }) => opType === 'Shape');
  const batches = new Set(shapes.flatMap(({ input }) => input).filter((name) => data.has(name)));
  // The last one is what the head takes its batch from; those before it are the encoder's own.
  for (const batch of [undefined, ...[...batches].reverse()]) {
    const given = new Set(batch === undefined ? [pooled] : [pooled, batch]);
    const rest = subgraph(graph, [embedding], given);
    if ([...rest.free].every((name) => given.has(name))) return { rest, batch };
  }
  return undefined;
}

/** All values that carry content of `source`: not through `Shape`, and not through `barrier`. */
function dependents(graph: GraphProto, source: string, barrier: string): Set<string> {
  const found = new Set([source]);
  for (const node of graph.node) {
    if (node.opType === 'Shape' || !inputsOf(node).some((name) => found.has(name))) continue;
    for (const name of node.output) if (name !== barrier) found.add(name);
  }
  return found;
}

function integerAttribute(node: NodeProto, name: string): number | undefined {
  const found = node.attribute.find((each) => each.name === name);
  return found === undefined ? undefined : Number(found.i);
}

/** Whether a value is the integer scalar 0 in the file: a stored tensor, or a `Constant` node. */
function isZero(graph: GraphProto, name: string | undefined): boolean {
  const maker = graph.node.find(({ output }) => output[0] === name);
  const tensor =
    maker === undefined
      ? graph.initializer.find((each) => each.name === name)
      : maker.opType === 'Constant'
        ? maker.attribute.find((each) => each.name === 'value')?.t
        : undefined;
  if (tensor?.dataType !== TensorProto_DataType.INT64 || tensor.dims.length !== 0) return false;
  const { rawData, int64Data } = tensor;
  return int64Data.length === 1
    ? int64Data[0] === 0n
    : rawData.length === 8 && rawData.every((b) => b === 0);
}
