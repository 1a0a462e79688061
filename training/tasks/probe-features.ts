import type { HostTensor, Named } from '../../core/backend.js';
import { Sha256 } from '../../core/sha256.js';
import { classNumbers, type FeatureSet, featureSize, places } from '../../evaluation/index.js';
import {
  SafetensorsFile,
  writeSafetensorsPieces,
} from '../../formats/safetensors/safetensors-file.js';
import { replaceFileBy } from '../../formats/whole-file.js';
import type { ProbeManifest } from '../../run/manifest.js';
import { elementCount, LacunaError, type ValueDeclaration } from '../../spec/index.js';

/** The clips of a probe: those that it learns from and those that it is judged by. */
export interface ProbeSets {
  readonly train: FeatureSet;
  readonly test: FeatureSet;
}

const NAMES = ['train', 'test'] as const;
type Name = (typeof NAMES)[number];

/** Numbers that are read, or written, at once. */
const PIECE = 2 ** 20;

/**
 * Writes what a probe's folder has of its clips, so that it goes on without the videos and without the
 * model: for `train` and `test` the features f32 [N, D], or [N, K, D] of all tokens, and the numbers of the
 * classes i32 [N]. The file is there whole or not at all; it is written clip by clip.
 */
export async function saveFeatures(
  path: string,
  sets: ProbeSets,
  classes: readonly string[],
): Promise<void> {
  const declared = NAMES.flatMap((name): ValueDeclaration[] => {
    const { width, tokens, labels } = sets[name];
    const clips = labels.length;
    const shape = tokens === undefined ? [clips, width] : [clips, tokens, width];
    return [
      { name: `${name}.features`, dtype: 'f32', shape },
      { name: `${name}.labels`, dtype: 'i32', shape: [clips] },
    ];
  });
  const pieces = async function* (tensor: ValueDeclaration): AsyncGenerator<HostTensor['data']> {
    const [name, kind] = tensor.name.split('.') as [Name, string];
    const set = sets[name];
    if (kind === 'labels') yield classNumbers(set.labels, classes);
    else for (const chunk of places(set.labels.length, atOnce(set))) yield set.rows(chunk);
  };
  await replaceFileBy(path, async (partial) => {
    await writeSafetensorsPieces(partial, declared, pieces);
  });
}

/** What `saveFeatures` wrote, open for as long as the probe reads it. */
export class ProbeFeatures implements AsyncDisposable {
  readonly sets: ProbeSets;
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile, sets: ProbeSets) {
    this.#file = file;
    this.sets = sets;
  }

  /** @throws LacunaError where the file is missing, damaged or of other clips. */
  static async open(path: string, manifest: ProbeManifest): Promise<ProbeFeatures> {
    const file = await SafetensorsFile.open(path);
    try {
      requireTypes(path, file, manifest);
      const found = await digestOf(file);
      if (found !== manifest.features) {
        throw new LacunaError({
          where: path,
          what: 'the features of this probe have changed since it began',
          got: `digest ${found.slice(0, 12)}`,
          expected: manifest.features.slice(0, 12),
          fix: 'Restore the file, or begin a new probe in another folder.',
        });
      }
      const sets = {
        train: await setOf(file, 'train', manifest),
        test: await setOf(file, 'test', manifest),
      };
      return new ProbeFeatures(file, sets);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** SHA-256, hex, of the features and labels in a file, which a resumed probe is held to. */
export async function featuresDigest(path: string): Promise<string> {
  const file = await SafetensorsFile.open(path);
  try {
    return await digestOf(file);
  } finally {
    await file.close();
  }
}

/** A set whose vectors lie in memory, or whose tokens are read when they are asked for. */
async function setOf(
  file: SafetensorsFile,
  name: Name,
  { classes, width, tokens }: ProbeManifest,
): Promise<FeatureSet> {
  const tensor = `${name}.features`;
  const numbers = (await file.read(`${name}.labels`)).data as Int32Array;
  const labels = Array.from(numbers, (number) => classes[number] ?? '');
  const size = width * (tokens ?? 1);
  const kept = tokens === undefined ? ((await file.read(tensor)).data as Float32Array) : undefined;
  const row = async (place: number): Promise<Float32Array> =>
    kept?.subarray(place * size, (place + 1) * size) ??
    ((await file.readElements(tensor, place * size, (place + 1) * size)) as Float32Array);
  const rows = async (chosen: readonly number[]): Promise<Float32Array> => {
    const values = new Float32Array(chosen.length * size);
    for (const [index, place] of chosen.entries()) values.set(await row(place), index * size);
    return values;
  };
  return { width, tokens, labels, rows };
}

/** What is read is bounded by what the manifest says of the clips. */
function requireTypes(
  path: string,
  { tensors }: SafetensorsFile,
  { width, tokens, data, test }: ProbeManifest,
): void {
  const most = { train: data.clips, test: test.clips };
  for (const name of NAMES) {
    const clips = tensors.get(`${name}.labels`)?.shape[0] ?? 0;
    const shape = tokens === undefined ? [clips, width] : [clips, tokens, width];
    const types = [
      [`${name}.features`, `f32[${shape}]`],
      [`${name}.labels`, `i32[${clips}]`],
    ] as const;
    for (const [tensor, expected] of types) {
      const type = tensors.get(tensor);
      const got = type === undefined ? 'no such tensor' : `${type.dtype}[${type.shape}]`;
      if (got === expected && clips <= most[name] && tensors.size === 2 * NAMES.length) continue;
      throw new LacunaError({
        where: path,
        what: 'these are not the features of this probe',
        got: `${tensor}: ${got}`,
        expected: `${expected} of at most ${most[name]} clips`,
        fix: 'Restore the file, or begin a new probe in another folder.',
      });
    }
  }
}

/** Clips that are read at once. */
function atOnce(set: Pick<FeatureSet, 'width' | 'tokens'>): number {
  return Math.max(1, Math.floor(PIECE / featureSize(set)));
}

async function digestOf(file: SafetensorsFile): Promise<string> {
  const digest = new Sha256();
  const types: Named<{ readonly dtype: string; readonly shape: readonly number[] }> =
    Object.fromEntries(file.tensors);
  for (const name of Object.keys(types).sort()) {
    const { dtype = '', shape = [] } = types[name] ?? {};
    digest.update(`${name} ${dtype} [${shape}]`);
    const count = elementCount(shape);
    for (let start = 0; start < count; start += PIECE) {
      const data = await file.readElements(name, start, Math.min(count, start + PIECE));
      digest.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return digest.hex();
}
