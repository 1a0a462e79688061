import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/sha256.js';
import { codeOf } from '../../formats/file-operations.js';
import { readOwnFile } from '../../formats/own-file.js';
import { fileDigest } from '../../formats/plain-file.js';
import { SafetensorsFile } from '../../formats/safetensors/safetensors-file.js';
import { LacunaError, type TensorType } from '../../spec/index.js';
import { floatsOf } from './floats.js';

/** The file of a model's weights, or the index of several. */
export const SINGLE = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';
const MAX_JSON_BYTES = 16 * 2 ** 20;
export const MAX_SHARDS = 1000;

const SHARD = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}\.safetensors$/);
const INDEX_SCHEMA = z.looseObject({ weight_map: z.record(z.string().max(1024), SHARD) });

/** The tensors of a model that lie in one or several safetensors files of a folder, read one by one. */
export class WeightFiles {
  readonly folder: string;
  readonly tensors: ReadonlyMap<string, TensorType>;
  readonly #files: readonly SafetensorsFile[];

  private constructor(folder: string, files: readonly SafetensorsFile[]) {
    this.folder = folder;
    this.#files = files;
    this.tensors = new Map(files.flatMap((file) => [...file.tensors]));
  }

  /** @throws LacunaError for a file that is no safetensors file, is a link, or has a tensor of another's name. */
  static async open(folder: string, names: readonly string[]): Promise<WeightFiles> {
    const files: SafetensorsFile[] = [];
    const seen = new Set<string>();
    try {
      for (const name of names) {
        const file = await SafetensorsFile.open(join(folder, name));
        files.push(file);
        for (const tensor of file.tensors.keys()) {
          if (seen.has(tensor)) throw twice(file.path, tensor);
          seen.add(tensor);
        }
      }
      return new WeightFiles(folder, files);
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
  }

  /**
   * The numbers of a tensor in float32; other floats are rounded to it, or become it exactly.
   *
   * @throws LacunaError for integers, and for a number that is not finite.
   */
  async read(name: string): Promise<Float32Array> {
    const file = this.#files.find(({ tensors }) => tensors.has(name));
    if (file === undefined) {
      throw new LacunaError({ where: this.folder, what: 'there is no such tensor', got: name });
    }
    const floats = floatsOf(await file.read(name), `${file.path}: ${name}`);
    const at = floats.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return floats;
    throw new LacunaError({
      where: `${file.path}: ${name}`,
      what: 'a weight is no finite number',
      got: `${floats[at]} at ${at}`,
      fix: 'The file was damaged, or written by a training that had diverged: fetch it again.',
    });
  }

  /** SHA-256 of the names and digests of these files, and of `others` in their folder, in this order. */
  async digest(others: readonly string[]): Promise<string> {
    const paths = [
      ...others.map((name) => join(this.folder, name)),
      ...this.#files.map(({ path }) => path),
    ];
    let text = '';
    for (const path of paths) {
      text += `${relative(this.folder, path)} ${await fileDigest(path)}\n`;
    }
    return sha256(text);
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }
}

/**
 * The names of a model's safetensors files in a folder as Hugging Face saves it, and of its index.
 *
 * @throws LacunaError for a folder without them, an index of names that lead out of the folder, a
 * shard that is missing, and weights of another kind, with what converts them.
 */
export async function weightFileNames(folder: string): Promise<{
  readonly files: readonly string[];
  /** Which file each tensor is in, where there are several. */
  readonly places: ReadonlyMap<string, string>;
}> {
  const names = new Set(await namesIn(folder));
  if (names.has(SINGLE)) {
    await requirePlain(join(folder, SINGLE));
    return { files: [SINGLE], places: new Map() };
  }
  if (!names.has(INDEX)) throw withoutWeights(folder, [...names]);
  const index = INDEX_SCHEMA.safeParse(await readJson(join(folder, INDEX)));
  if (!index.success) {
    const [issue] = index.error.issues;
    throw new LacunaError({
      where: join(folder, INDEX),
      what: 'this index of weights cannot be used',
      got: `${issue?.path.map(String).join('.').slice(0, 80) ?? ''}: ${issue?.message ?? ''}`,
      expected:
        'weight_map: the name of each tensor, and of the safetensors file beside the index that has it',
    });
  }
  const places = new Map(Object.entries(index.data.weight_map));
  const files = [...new Set(places.values())].sort();
  if (files.length === 0 || files.length > MAX_SHARDS) {
    throw new LacunaError({
      where: join(folder, INDEX),
      what: 'this index of weights cannot be used',
      got: `${files.length} files`,
      expected: `1 to ${MAX_SHARDS}`,
    });
  }
  for (const file of files) {
    if (!names.has(file)) {
      throw new LacunaError({
        where: folder,
        what: 'a file of the weights is missing',
        got: `no ${file}`,
        expected: `the ${files.length} files that ${INDEX} names`,
        fix: 'The download was cut off: fetch the folder again.',
      });
    }
    await requirePlain(join(folder, file));
  }
  return { files, places };
}

/**
 * Opens the weights of such a folder.
 * @throws LacunaError where a tensor is not in the file that the index names.
 */
export async function openWeightFiles(folder: string): Promise<WeightFiles> {
  const { files, places } = await weightFileNames(folder);
  const weights = await WeightFiles.open(folder, files);
  for (const tensor of places.keys()) {
    if (weights.tensors.has(tensor)) continue;
    await weights.close();
    throw new LacunaError({
      where: join(folder, INDEX),
      what: 'a tensor that the index names is in none of its files',
      got: tensor.slice(0, 200),
      fix: 'The index is of another model, or a file was cut off: fetch the folder again.',
    });
  }
  return weights;
}

/** The object in a small JSON file. @throws LacunaError for anything else. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  await requirePlain(path);
  const bytes = await readOwnFile(path, MAX_JSON_BYTES);
  try {
    const value: unknown = JSON.parse(bytes?.toString('utf8') ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    throw new Error('it is no object');
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError({ where: path, what: 'this file is not JSON', got }, { cause });
  }
}

/** The names in a folder. @throws LacunaError where there is none. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((cause: unknown) => {
    throw new LacunaError(
      {
        where: folder,
        what: 'there is no folder of weights here',
        got: codeOf(cause),
        expected:
          'a model as Hugging Face saves it (config.json, model.safetensors), or a run of Lacuna',
      },
      { cause },
    );
  });
}

/** Links are not followed: a folder of weights may be a stranger's. */
async function requirePlain(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isFile() === true) return;
  const isLink = facts?.isSymbolicLink() === true;
  throw new LacunaError({
    where: path,
    what: isLink
      ? 'this is a link, and links of a model are not followed'
      : 'this is no plain file',
    ...(isLink ? { fix: `Copy the folder with what its links lead to: cp -rL FOLDER COPY` } : {}),
  });
}

/** Files of weights that run code when they are opened, or that other libraries write. */
const OTHERS = /\.(bin|pth|pt|ckpt|pkl|h5|msgpack|gguf|onnx)$/;

function withoutWeights(folder: string, names: readonly string[]): LacunaError {
  const other = names.find((name) => OTHERS.test(name));
  if (names.includes('adapter_model.safetensors') || names.includes('adapter_config.json')) {
    return new LacunaError({
      where: folder,
      what: 'these are the weights of an adapter, not of a model',
      fix: 'Merge it into its model (peft: merge_and_unload), and save that.',
    });
  }
  return new LacunaError({
    where: folder,
    what: 'there is no model.safetensors here',
    ...(other === undefined ? {} : { got: other }),
    expected: `${SINGLE}, or ${INDEX} with the files that it names`,
    fix:
      other === undefined
        ? 'Name the folder that holds config.json and model.safetensors.'
        : 'Pickled weights run code when they are opened, so they are not read. Convert them where you trust them: ' +
          `python -c "from transformers import AutoModel; AutoModel.from_pretrained('FOLDER').save_pretrained('COPY')"`,
  });
}

function twice(where: string, tensor: string): LacunaError {
  return new LacunaError({
    where,
    what: 'two files of this model have a tensor of the same name',
    got: tensor.slice(0, 200),
  });
}
