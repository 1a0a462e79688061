import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { sha256 } from '../../core/sha256.js';
import { LacunaError } from '../../spec/errors.js';
import { fileDigest, plainFile, unreadable } from '../plain-file.js';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from './onnx_pb.js';

/** A protobuf message, and with it an ONNX file, ends at 2 GiB. */
export const MAX_ONNX_BYTES: number = 2 ** 31 - 1;
const MAX_VALUES = 1_000_000;
const MAX_NESTED_GRAPHS = 8;

/** An ONNX file in memory; tensors of it may lie in other files. */
export interface OnnxFile {
  readonly path: string;
  readonly model: ModelProto;
  readonly graph: GraphProto;
  /** SHA-256, hex, of the file and of each that its tensors lie in, by path. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Reads an ONNX file, and those that its tensors lie in once for their digests. Nothing is copied.
 *
 * @throws LacunaError if it is missing, too large, no ONNX file, or names external data outside its
 * own folder.
 */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  const { size } = await plainFile(path);
  if (size > MAX_ONNX_BYTES) {
    throw new LacunaError({
      where: path,
      what: 'an ONNX file is too large',
      got: `${size} bytes`,
      expected: `at most ${MAX_ONNX_BYTES}, with the rest as external data`,
    });
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) throw damaged(path, 'a file without a graph');
  if (graph.node.length + graph.initializer.length > MAX_VALUES) {
    throw damaged(path, `over ${MAX_VALUES} nodes and tensors`);
  }
  checkNested(path, graph.node, 0);
  const external = new Set<string>();
  for (const tensor of graph.initializer) {
    if (isExternal(tensor)) external.add(externalPath(path, tensor));
  }
  const digests = new Map([[path, sha256(bytes)]]);
  for (const each of [...external].sort()) digests.set(each, await fileDigest(each));
  return { path, model, graph, digests };
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/** The file of a tensor's external data: in the folder of the ONNX file, or below. */
export function externalPath(onnxPath: string, tensor: TensorProto): string {
  const location = tensor.externalData.find(({ key }) => key === 'location')?.value ?? '';
  const path = normalize(location);
  const inside =
    location !== '' &&
    location.length <= 1024 &&
    !/[\0\\:]/.test(location) &&
    !isAbsolute(path) &&
    path.split(sep)[0] !== '..';
  if (inside) return join(dirname(onnxPath), path);
  throw new LacunaError({
    where: onnxPath,
    what: 'the file says that a tensor lies outside its folder',
    got: JSON.stringify(location.slice(0, 80)),
    expected: 'the name of a file beside it, as in "model.onnx_data"',
  });
}

/** Tensors inside nodes are small; one that claims to lie elsewhere would be opened unchecked. */
function checkNested(path: string, nodes: readonly NodeProto[], depth: number): void {
  if (depth > MAX_NESTED_GRAPHS) throw damaged(path, 'graphs nested too deeply');
  for (const { attribute } of nodes) {
    for (const { t, g } of attribute) {
      const tensors = [...(t === undefined ? [] : [t]), ...(g?.initializer ?? [])];
      if (tensors.some(isExternal)) throw damaged(path, 'external data inside a node');
      if (g !== undefined) checkNested(path, g.node, depth + 1);
    }
  }
}

function damaged(path: string, got: string, cause?: unknown): LacunaError {
  return new LacunaError(
    {
      where: path,
      what: 'this is not an ONNX file that can be used',
      got: got.slice(0, 200),
      fix: 'It may have been cut off, or be a pointer of Git LFS in place of the file: fetch it again.',
    },
    { cause },
  );
}
