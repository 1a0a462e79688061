import { open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { INDEX_FILE } from '../../data/shards/shard-recipe.js';
import { readOnnxFile, SafetensorsFile } from '../../formats/index.js';
import { TensorProto_DataType, type ValueInfoProto } from '../../formats/onnx/onnx_pb.js';
import { LacunaError } from '../../spec/index.js';
import { MANIFEST } from '../read-manifest.js';
import { namesIn, readJson, weightFileNames } from '../weights/weight-files.js';
import type { InspectedFile, InspectedTensor, Inspection } from './inspection.js';
import { cut, digestOf, metadataFacts, oneFile, plainFiles } from './parts.js';
import { inspectNpy, inspectNpz, inspectParquet } from './told-arrays.js';
import { inspectMaps, inspectShards, inspectSweep, inspectVideoIndex } from './told-data.js';
import { toldRun } from './told-run.js';

/** The vectors of an index of videos. */
const INDEXED_VECTORS = /^vectors-[0-9a-f]{16}\.safetensors$/;

/**
 * Tells what a file or a folder holds: a safetensors, ONNX, NumPy or Parquet file, whatever folder Lacuna writes (runs, probes, checkpoints,
 * exports, sweeps, shards, similarity maps, an index of videos), or a model as Hugging Face saves it. Of tensors names, types and shapes are read, and every
 * byte once for its digest; nothing is run.
 *
 * @param onNote Told what is wrong with a checkpoint that is not taken.
 * @throws LacunaError for anything else, and for a damaged file.
 */
export async function inspect(
  path: string,
  onNote: (text: string) => void = () => {},
): Promise<Inspection> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) {
    throw new LacunaError({ where: path, what: 'there is no such file or folder' });
  }
  if (!facts.isDirectory()) return inspectFile(path);
  const names = await namesIn(path);
  const own = await inspectOwn(path, names, onNote);
  if (own !== undefined) return own;
  if (names.includes('index.json')) return inspectCheckpoint(path);
  if (names.includes('config.json')) return inspectHuggingFace(path);
  const onnx = names.filter((name) => name.endsWith('.onnx')).sort();
  if (onnx.length > 0) return inspectParts(path, 'a folder of ONNX files', onnx);
  throw unknown(path, names.slice(0, 5).join(', ').slice(0, 200) || 'an empty folder');
}

async function inspectFile(path: string): Promise<Inspection> {
  if (path.endsWith('.safetensors')) return inspectSafetensors(path);
  if (path.endsWith('.onnx')) return inspectOnnx(path);
  if (path.endsWith('.npy')) return inspectNpy(path);
  if (path.endsWith('.npz')) return inspectNpz(path);
  if (path.endsWith('.parquet')) return inspectParquet(path);
  throw unknown(path, await firstBytes(path));
}

async function inspectSafetensors(path: string): Promise<Inspection> {
  const file = await SafetensorsFile.open(path);
  try {
    return {
      ...(await oneFile(path, 'a safetensors file')),
      facts: metadataFacts(file.metadata),
      tensors: [...file.tensors].map(([name, { encoding, shape }]) => ({
        name,
        dtype: encoding,
        shape,
      })),
    };
  } finally {
    await file.close();
  }
}

async function inspectOnnx(path: string): Promise<Inspection> {
  const { model, graph, digests } = await readOnnxFile(path);
  const files: InspectedFile[] = [];
  for (const [each, digest] of digests) {
    files.push({ name: basename(each), bytes: (await stat(each)).size, sha256: digest });
  }
  const opsets = model.opsetImport.map(
    ({ domain, version }) => `${domain || 'ai.onnx'} ${version}`,
  );
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return {
    path,
    kind: 'an ONNX file',
    digest: files.length === 1 ? (files[0]?.sha256 ?? '') : digestOf(files),
    files,
    facts: {
      opset: cut(opsets.join(', ')),
      'ir version': Number(model.irVersion),
      producer: cut(`${model.producerName} ${model.producerVersion}`.trim()),
      nodes: graph.node.length,
      operators: cut([...new Set(graph.node.map(({ opType }) => opType))].sort().join(', ')),
      ...metadataFacts(new Map(model.metadataProps.map(({ key, value }) => [key, value]))),
    },
    tensors: [
      // Old files list their weights as inputs, too.
      ...graph.input
        .filter(({ name }) => !weights.has(name))
        .map((each) => valueTensor(each, 'input')),
      ...graph.output.map((each) => valueTensor(each, 'output')),
      ...graph.initializer.map(({ name, dataType, dims }) => ({
        name,
        dtype: typeName(dataType),
        shape: dims.map(Number),
      })),
    ],
  };
}

function valueTensor({ name, type }: ValueInfoProto, role: 'input' | 'output'): InspectedTensor {
  const value = type?.value;
  if (value?.case !== 'tensorType') return { name, dtype: 'no tensor', shape: [], role };
  const dims = value.value.shape?.dim ?? [];
  return {
    name,
    dtype: typeName(value.value.elemType),
    shape: dims.map((dim) =>
      dim.value.case === 'dimValue' ? Number(dim.value.value) : (dim.value.value ?? '?'),
    ),
    role,
  };
}

function typeName(type: number): string {
  return TensorProto_DataType[type] ?? `type ${type}`;
}

/** What a folder of Lacuna's holds that is known by its names alone; undefined of another. */
async function inspectOwn(
  folder: string,
  names: readonly string[],
  onNote: (text: string) => void,
): Promise<Inspection | undefined> {
  if (names.includes(MANIFEST)) {
    return names.includes('maps') ? inspectMaps(folder) : inspectRun(folder, onNote);
  }
  if (names.includes(INDEX_FILE)) return inspectShards(folder, names);
  if (names.includes('table.json')) return inspectSweep(folder);
  const vectors = names.find((name) => INDEXED_VECTORS.test(name));
  if (vectors === undefined) return undefined;
  const { files, kind, facts } = await inspectVideoIndex(folder);
  return withFiles(files, { ...(await inspectParts(folder, kind, [vectors])), facts });
}

/** The same with files before its own. */
function withFiles(before: readonly InspectedFile[], inspection: Inspection): Inspection {
  const files = [...before, ...inspection.files];
  return { ...inspection, files, digest: digestOf(files) };
}

async function inspectRun(folder: string, onNote: (text: string) => void): Promise<Inspection> {
  const { kind, facts, checkpoint } = await toldRun(folder, onNote);
  if (checkpoint === undefined) return { ...(await plainFiles(folder, kind, [MANIFEST])), facts };
  const { files, tensors, digest } = await inspectCheckpoint(checkpoint.path);
  return { path: folder, kind, digest, files, facts, tensors };
}

async function inspectCheckpoint(folder: string): Promise<Inspection> {
  const files = (await namesIn(folder)).filter((name) => name.endsWith('.safetensors')).sort();
  if (files.length === 0) throw unknown(folder, 'index.json and no safetensors file');
  const { step, stage } = await readJson(join(folder, 'index.json'));
  const inspected = await inspectParts(folder, 'a checkpoint of Lacuna', files);
  return {
    ...inspected,
    facts: {
      ...(typeof step === 'number' ? { 'steps done': step } : {}),
      ...(typeof stage === 'string' ? { stage: cut(stage) } : {}),
    },
  };
}

async function inspectHuggingFace(folder: string): Promise<Inspection> {
  const { model_type: type, architectures } = await readJson(join(folder, 'config.json'));
  const { files } = await weightFileNames(folder);
  const inspected = await inspectParts(folder, 'a model as Hugging Face saves it', files);
  return {
    ...inspected,
    facts: {
      ...inspected.facts,
      ...(typeof type === 'string' ? { model: cut(type) } : {}),
      ...(Array.isArray(architectures) ? { class: cut(architectures.map(String).join(', ')) } : {}),
    },
  };
}

/** What several files of a folder hold together. */
async function inspectParts(
  folder: string,
  kind: string,
  names: readonly string[],
): Promise<Inspection> {
  const files: InspectedFile[] = [];
  const tensors: InspectedTensor[] = [];
  let facts: Inspection['facts'] = {};
  for (const name of names) {
    const path = join(folder, name);
    const part = await inspectFile(path);
    files.push(...part.files);
    tensors.push(...part.tensors);
    facts = { ...facts, ...part.facts };
  }
  return { path: folder, kind, digest: digestOf(files), files, facts, tensors };
}

/** How a file that cannot be told of begins. */
async function firstBytes(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0);
    const bytes = [...buffer.subarray(0, bytesRead)];
    if (bytesRead === 0) return 'an empty file';
    const isArchive = bytes[0] === 0x50 && bytes[1] === 0x4b;
    return isArchive
      ? 'a ZIP archive, as torch.save writes it'
      : `a file that begins with the bytes ${bytes.join(' ')}`;
  } finally {
    await handle.close();
  }
}

function unknown(where: string, got: string): LacunaError {
  return new LacunaError({
    where,
    what: 'nothing is known of how this is read',
    got,
    expected:
      'a .safetensors, .onnx, .npy, .npz or .parquet file, a folder that Lacuna wrote (a run, checkpoint, export, sweep, shards, maps, an index), or one with config.json (Hugging Face)',
    fix: 'Pickled weights run code when they are opened, and are not read.',
  });
}
