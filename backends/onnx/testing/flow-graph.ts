import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { GraphWriter } from '../../../formats/onnx/graph-writer.js';
import { ModelProtoSchema } from '../../../formats/onnx/onnx_pb.js';
import type { DType, Shape } from '../../../spec/program/index.js';

/** The form of a small graph that stands for RAFT. */
export interface FlowGraph {
  readonly inputs?: readonly Shape[];
  readonly dtype?: DType;
  /** Whether the file leaves the sizes of batches and frames open, as exports often do. */
  readonly open?: boolean;
}

export const FRAMES: Shape = [1, 3, 128, 128];

/**
 * An ONNX file of inputs `image1`, `image2` (and so on) whose outputs `body` makes, in order: the
 * names of values and their shapes.
 */
export function flowGraph(
  body: (graph: GraphWriter) => readonly { readonly value: string; readonly shape: Shape }[],
  { inputs = [FRAMES, FRAMES], dtype = 'f32', open = false }: FlowGraph = {},
): Uint8Array {
  const graph = new GraphWriter('flow');
  for (const [i, shape] of inputs.entries()) graph.input(`image${i + 1}`, { dtype, shape });
  for (const [i, { value, shape }] of body(graph).entries()) {
    graph.node('Identity', [value], {}, { outputs: [`flow${i}`] });
    graph.output(`flow${i}`, { dtype: 'f32', shape });
  }
  const bytes = graph.encode();
  return open ? withOpenSizes(bytes) : bytes;
}

/**
 * A flow of (x, y) for every pixel and any frames, after a coarser one, as RAFT has several: its
 * output has the frames' sizes, whatever they are.
 */
export function constantFlow(x: number, y: number, form: FlowGraph = {}): Uint8Array {
  const [shape = FRAMES] = form.inputs ?? [];
  const [, , height = 0, width = 0] = shape;
  const flow = (graph: GraphWriter, u: number, v: number): string => {
    const zero = graph.node('Mul', [redOf(graph, 'image1'), graph.scalar('f32', 0)]);
    const vector = graph.literal('f32', [1, 2, 1, 1], [u, v]);
    return graph.node('Add', [zero, vector]);
  };
  return flowGraph(
    (graph) => [
      { value: flow(graph, -99, 99), shape: [1, 2, height, width] },
      { value: flow(graph, x, y), shape: [1, 2, height, width] },
    ],
    form,
  );
}

/** A flow that reads colours: x is the first frame's red, y the second's blue, each 0 to 255. */
export function colourFlow(form: FlowGraph = {}): Uint8Array {
  const [shape = FRAMES] = form.inputs ?? [];
  const [, , height = 0, width = 0] = shape;
  return flowGraph((graph) => {
    const signed = graph.node('Concat', [redOf(graph, 'image1'), channelOf(graph, 'image2', 2)], {
      axis: 1,
    });
    const positive = graph.node('Add', [signed, graph.scalar('f32', 1)]);
    const value = graph.node('Mul', [positive, graph.scalar('f32', 127.5)]);
    return [{ value, shape: [1, 2, height, width] }];
  }, form);
}

function redOf(graph: GraphWriter, image: string): string {
  return channelOf(graph, image, 0);
}

/** [1, 1, H, W] */
function channelOf(graph: GraphWriter, image: string, channel: number): string {
  const bound = (n: number): string => graph.integers([n]);
  return graph.node('Slice', [image, bound(channel), bound(channel + 1), bound(1)]);
}

function withOpenSizes(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  for (const { name, type } of [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])]) {
    if (type?.value.case !== 'tensorType') continue;
    type.value.value.shape?.dim.forEach((dim, axis) => {
      if (axis !== 1) dim.value = { case: 'dimParam', value: `${name}_${axis}` };
    });
  }
  return toBinary(ModelProtoSchema, model);
}
