import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from '../../../formats/onnx/onnx_pb.js';

/** What PyTorch says, in float64. */
export interface Expected {
  readonly captions: string[];
  readonly images: number[];
  readonly texts: number[];
  readonly patches: number[];
}
export type Kind = 'clip' | 'siglip';
export type Form = 'combined' | 'two files';

const FIXTURES = join(import.meta.dirname, '../fixtures');
/** Images, and captions, in the fixtures; the images' sides; patches an image. */
export const COUNT = 3;
export const SIZE = 32;
export const PATCHES = 16;

/**
 * How far a float32 run may be from the float64 that was frozen, per entry of a unit vector: one
 * rounding of 2^-24 for each of the at most 64 terms of each of the 6 dot products (or means) in a
 * row of each of 2 layers and of the 4 before and after, all in the same direction.
 */
export const BOUND: number = 64 * (2 * 6 + 4) * 2 ** -24;

export const images: Uint8Array = new Uint8Array(
  await readFile(join(FIXTURES, 'tower-images.bin')),
);
let made = 0;
/** A new folder with a tower's files, below `scratch`. */
export async function towerFolder(scratch: string, kind: Kind, form: Form): Promise<string> {
  made += 1;
  const folder = join(scratch, `${kind}-${made}`);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const name of ['config', 'preprocessor_config', 'tokenizer', 'tokenizer_config']) {
    await cp(join(FIXTURES, kind, `${name}.json`), join(folder, `${name}.json`));
  }
  for (const name of form === 'combined' ? ['model'] : ['vision_model', 'text_model']) {
    const packed = await readFile(join(FIXTURES, kind, `${name}.onnx.gz`));
    await writeFile(join(folder, 'onnx', `${name}.onnx`), gunzipSync(packed));
  }
  return folder;
}

export async function expected(kind: Kind): Promise<Expected> {
  return JSON.parse(await readFile(join(FIXTURES, kind, 'expected.json'), 'utf8'));
}

/** The largest difference of an entry. */
export function farthest(ours: Float32Array, theirs: readonly number[]): number {
  if (ours.length !== theirs.length) return Number.NaN;
  return ours.reduce((most, x, i) => Math.max(most, Math.abs(x - (theirs[i] ?? Number.NaN))), 0);
}

/** Changes a value in a JSON file of a folder. */
export async function editJson(
  folder: string,
  name: string,
  change: (value: Record<string, Record<string, unknown>>) => void,
): Promise<void> {
  const file = join(folder, name);
  const value = JSON.parse(await readFile(file, 'utf8'));
  change(value);
  await writeFile(file, JSON.stringify(value));
}

/** Changes the graph of an ONNX file. */
export async function editOnnx(file: string, change: (graph: GraphProto) => void): Promise<void> {
  const model = fromBinary(ModelProtoSchema, await readFile(file));
  if (model.graph !== undefined) change(model.graph);
  await writeFile(file, toBinary(ModelProtoSchema, model));
}

/** Moves the weights of an ONNX file to another file, each at an offset. */
export async function moveOut(onnx: string, data: string, location: string): Promise<void> {
  const pieces: Uint8Array[] = [];
  let offset = 0;
  await editOnnx(onnx, (graph) => {
    for (const tensor of graph.initializer) {
      if (tensor.rawData.length < 64) continue;
      const entries = { location, offset: String(offset), length: String(tensor.rawData.length) };
      tensor.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      pieces.push(tensor.rawData);
      offset += tensor.rawData.length;
      tensor.rawData = new Uint8Array();
    }
  });
  await writeFile(data, Buffer.concat(pieces));
}
