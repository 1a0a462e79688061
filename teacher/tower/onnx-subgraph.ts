import { open } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
} from '../../formats/onnx/onnx_pb.js';
import {
  externalPath,
  isExternal,
  MAX_ONNX_BYTES,
  type OnnxFile,
} from '../../formats/onnx/onnx-file.js';
import { plainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';

/** What some values of a graph are computed from. */
export interface Subgraph {
  /** In the order of the graph, which is an order of execution. */
  readonly nodes: readonly NodeProto[];
  /** Names of values that no kept node and no stored tensor gives: cuts and inputs of the graph. */
  readonly free: ReadonlySet<string>;
  readonly tensors: ReadonlySet<string>;
}

/** The nodes that `outputs` need, where the values in `given` are known already. */
export function subgraph(
  graph: GraphProto,
  outputs: readonly string[],
  given: ReadonlySet<string>,
): Subgraph {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const needed = new Set(outputs);
  const nodes: NodeProto[] = [];
  for (const node of graph.node.toReversed()) {
    if (!node.output.some((name) => needed.has(name) && !given.has(name))) continue;
    nodes.push(node);
    for (const name of inputsOf(node)) needed.add(name);
  }
  nodes.reverse();
  const made = new Set(nodes.flatMap(({ output }) => output));
  const free = new Set<string>();
  const tensors = new Set<string>();
  for (const name of needed) {
    if (stored.has(name)) tensors.add(name);
    else if (name !== '' && (given.has(name) || !made.has(name))) free.add(name);
  }
  return { nodes, free, tensors };
}

/** What a node reads; for one with graphs inside (If, Loop), also every name that they mention. */
export function inputsOf(node: NodeProto): readonly string[] {
  const inside = node.attribute.flatMap(({ g }) =>
    g === undefined ? [] : g.node.flatMap(inputsOf),
  );
  const passed = node.attribute.flatMap(({ g }) => g?.output.map(({ name }) => name) ?? []);
  return inside.length + passed.length === 0 ? node.input : [...node.input, ...inside, ...passed];
}

/**
 * A part of an ONNX file as a file of its own, with external tensors taken in.
 *
 * The parts of a protobuf message may be written one after the other, and the parts of a message
 * inside it as well: each tensor is encoded alone, so that large ones are not copied again and again.
 *
 * @throws LacunaError if external data is missing or too short, or the whole is too large.
 */
export async function encodeSubgraph(
  file: OnnxFile,
  part: Subgraph,
  inputs: readonly ValueInfoProto[],
  outputs: readonly ValueInfoProto[],
): Promise<Uint8Array> {
  const { model, graph } = file;
  const frame = {
    ...model,
    graph: { ...graph, node: [...part.nodes], initializer: [], valueInfo: [] as ValueInfoProto[] },
  };
  frame.graph.input = [...inputs];
  frame.graph.output = [...outputs];
  const pieces = [toBinary(ModelProtoSchema, frame)];
  for (const tensor of graph.initializer) {
    if (!part.tensors.has(tensor.name)) continue;
    const whole = isExternal(tensor) ? await takenIn(file, tensor) : tensor;
    const alone = create(GraphProtoSchema, { initializer: [whole] });
    pieces.push(toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: alone })));
  }
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  if (total > MAX_ONNX_BYTES) {
    throw new LacunaError({
      where: file.path,
      what: 'a tower is too large to be run',
      got: `${total} bytes`,
      expected: `at most ${MAX_ONNX_BYTES}`,
      fix: 'Use a half precision conversion, or a smaller model.',
    });
  }
  const bytes = new Uint8Array(total);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/** A tensor with its external data inside. */
async function takenIn({ path }: OnnxFile, tensor: TensorProto): Promise<TensorProto> {
  const file = externalPath(path, tensor);
  const { size } = await plainFile(file);
  const entry = (key: string): number | undefined => {
    const text = tensor.externalData.find((each) => each.key === key)?.value;
    return text === undefined ? undefined : /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  };
  const offset = entry('offset') ?? 0;
  const length = entry('length') ?? size - offset;
  if (!(length >= 0 && length <= MAX_ONNX_BYTES && offset + length <= size)) {
    throw new LacunaError({
      where: file,
      what: 'external data of an ONNX file is cut off',
      got: `${size} bytes`,
      expected: `${offset + length}, for tensor ${tensor.name.slice(0, 80)}`,
      fix: 'Fetch the file again, from the repository that the ONNX file is from.',
    });
  }
  const rawData = new Uint8Array(length);
  const handle = await open(file, 'r');
  try {
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(rawData, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
  const { dims, dataType, name } = tensor;
  const dataLocation = TensorProto_DataLocation.DEFAULT;
  return create(TensorProtoSchema, { dims, dataType, name, rawData, dataLocation });
}
