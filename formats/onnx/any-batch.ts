import { create, equals } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  type ValueInfoProto,
} from './onnx_pb.js';

/** What inputs and outputs call the axis that may have any extent. */
export const BATCH_AXIS = 'batch';
const SIZE = 'batch/size';
/** The operator set that is declared: what graphs are written with means the same in it and in the next. */
const OPSET = 20n;
const IR_VERSION = 9n;

/**
 * Of one graph, written for two batches, the graph for any batch: the two may differ in integers that
 * grow with the batch evenly. Those are computed from the first input's first extent, when the graph
 * is run.
 *
 * @returns undefined where the two differ in anything else.
 */
export function withAnyBatch(
  [small, large]: readonly [ModelProto, ModelProto],
  batches: readonly [number, number],
): ModelProto | undefined {
  const [a, b] = [small.graph, large.graph];
  if (a === undefined || b === undefined || !haveSameNodes(a, b)) return undefined;
  const names = (graph: GraphProto): string => graph.initializer.map(({ name }) => name).join('\n');
  if (names(a) !== names(b)) return undefined;
  const kept: TensorProto[] = [];
  const nodes: NodeProto[] = [sizeNode(a.input[0]?.name ?? '')];
  for (const [index, tensor] of a.initializer.entries()) {
    const other = b.initializer[index] as TensorProto;
    if (Buffer.compare(tensor.rawData, other.rawData) === 0) {
      kept.push(tensor);
      continue;
    }
    const growth = growthOf(tensor, other, batches);
    if (growth === undefined) return undefined;
    kept.push(...growth.literals);
    nodes.push(...growth.nodes);
  }
  const infos = [...a.input, ...a.output];
  const others = [...b.input, ...b.output];
  if (!infos.every((info, index) => freeBatch(info, others[index] as ValueInfoProto, batches))) {
    return undefined;
  }
  a.initializer = kept;
  a.node = [...nodes, ...a.node];
  small.irVersion = IR_VERSION;
  for (const entry of small.opsetImport) if (entry.domain === '') entry.version = OPSET;
  return small;
}

function haveSameNodes(a: GraphProto, b: GraphProto): boolean {
  return (
    a.node.length === b.node.length &&
    a.node.every((node, index) => equals(NodeProtoSchema, node, b.node[index] as NodeProto))
  );
}

/** The first extent of an input, [1] of 64-bit integers. */
function sizeNode(input: string): NodeProto {
  return create(NodeProtoSchema, {
    name: SIZE,
    opType: 'Shape',
    input: [input],
    output: [SIZE],
    attribute: [
      { name: 'start', type: AttributeType.INT, i: 0n },
      { name: 'end', type: AttributeType.INT, i: 1n },
    ],
  });
}

/** Literals and nodes that make `base + slope * batch` under the name of a literal that grows so. */
function growthOf(
  tensor: TensorProto,
  other: TensorProto,
  [small, large]: readonly [number, number],
): { readonly literals: TensorProto[]; readonly nodes: NodeProto[] } | undefined {
  const { INT64, INT32 } = TensorProto_DataType;
  const { dataType, dims, name } = tensor;
  if (dataType !== other.dataType || String(dims) !== String(other.dims)) return undefined;
  if (dataType !== INT64 && dataType !== INT32) return undefined;
  const [low, high] = [integers(tensor), integers(other)];
  const slope = low.map((value, index) => ((high[index] ?? 0) - value) / (large - small));
  if (!slope.every(Number.isInteger)) return undefined;
  const base = low.map((value, index) => value - (slope[index] as number) * small);
  const literal = (suffix: string, values: readonly number[]): TensorProto =>
    create(TensorProtoSchema, {
      name: `${name}/${suffix}`,
      dims,
      dataType: INT64,
      rawData: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
    });
  const node = (opType: string, input: string[], output: string): NodeProto =>
    create(NodeProtoSchema, { name: output, opType, input, output: [output] });
  // A number of no axes stays one: the size has one axis.
  const isScalar = dims.length === 0;
  const steps: NodeProto[] = [];
  let batch = SIZE;
  if (isScalar) {
    batch = `${name}/size`;
    steps.push(node('Squeeze', [SIZE], batch));
  }
  const sum = dataType === INT64 ? name : `${name}/sum`;
  steps.push(
    node('Mul', [`${name}/slope`, batch], `${name}/growth`),
    node('Add', [`${name}/base`, `${name}/growth`], sum),
  );
  if (dataType === INT32) {
    const attribute = [{ name: 'to', type: AttributeType.INT, i: BigInt(INT32) }];
    steps.push(
      create(NodeProtoSchema, { name, opType: 'Cast', input: [sum], output: [name], attribute }),
    );
  }
  return { literals: [literal('slope', slope), literal('base', base)], nodes: steps };
}

function integers({ rawData, dataType }: TensorProto): number[] {
  const bytes = rawData.slice().buffer;
  if (dataType === TensorProto_DataType.INT64) return Array.from(new BigInt64Array(bytes), Number);
  return Array.from(new Int32Array(bytes));
}

/** Lets the first axis of an input or output have any extent, where it is the batch. */
function freeBatch(
  info: ValueInfoProto,
  other: ValueInfoProto,
  [small, large]: readonly [number, number],
): boolean {
  const [own, its] = [dimsOf(info), dimsOf(other)];
  if (own.length !== its.length || info.name !== other.name) return false;
  return own.every((dim, axis) => {
    const [a, b] = [dim.value, its[axis]?.value];
    if (a.case !== 'dimValue' || b?.case !== 'dimValue') return false;
    if (a.value === b.value) return true;
    if (axis > 0 || a.value !== BigInt(small) || b.value !== BigInt(large)) return false;
    dim.value = { case: 'dimParam', value: BATCH_AXIS };
    return true;
  });
}

function dimsOf({ type }: ValueInfoProto): readonly TensorShapeProto_Dimension[] {
  const { value } = type ?? {};
  return value?.case === 'tensorType' ? (value.value.shape?.dim ?? []) : [];
}
