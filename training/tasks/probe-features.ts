import type { HostTensor, Named } from '../../core/backend.js';
import { Sha256 } from '../../core/sha256.js';
import type { LabelledFeatures } from '../../evaluation/index.js';
import { SafetensorsFile, writeSafetensors } from '../../formats/safetensors/safetensors-file.js';
import { replaceFileBy } from '../../formats/whole-file.js';
import type { ProbeManifest } from '../../run/manifest.js';
import { LacunaError } from '../../spec/index.js';
import type { ProbeSets } from './linear-probe.js';

/**
 * What a probe's folder has of its clips, so that it goes on without the videos and without the model:
 * for `train` and `test` the features f32 [N, D] and the numbers of the classes i32 [N].
 */
type Tensors = Named<HostTensor>;

const NAMES = ['train', 'test'] as const;

/** SHA-256, hex, of features and labels, which a resumed probe is held to. */
export function featuresDigest(sets: ProbeSets, classes: readonly string[]): string {
  return digestOf(tensorsOf(sets, classes));
}

/** Writes a file that is there whole or not at all. */
export async function saveFeatures(
  path: string,
  sets: ProbeSets,
  classes: readonly string[],
): Promise<void> {
  const tensors = tensorsOf(sets, classes);
  const declared = Object.entries(tensors).map(([name, { dtype, shape }]) => ({
    name,
    dtype,
    shape,
  }));
  await replaceFileBy(path, async (partial) => {
    await writeSafetensors(partial, declared, async (name) => tensors[name] as HostTensor);
  });
}

/** Reads what `saveFeatures` wrote. @throws LacunaError where it is missing, damaged or of other clips. */
export async function readFeatures(path: string, manifest: ProbeManifest): Promise<ProbeSets> {
  const { classes, features: digest } = manifest;
  const file = await SafetensorsFile.open(path);
  try {
    requireTypes(path, file, manifest);
    const tensors: Record<string, HostTensor> = {};
    for (const name of file.tensors.keys()) tensors[name] = await file.read(name);
    if (digestOf(tensors) !== digest) {
      throw new LacunaError({
        where: path,
        what: 'the features of this probe have changed since it began',
        got: `digest ${digestOf(tensors).slice(0, 12)}`,
        expected: digest.slice(0, 12),
        fix: 'Restore the file, or begin a new probe in another folder.',
      });
    }
    const set = (name: (typeof NAMES)[number]): LabelledFeatures => {
      const { shape, data } = tensors[`${name}.features`] as HostTensor;
      const numbers = (tensors[`${name}.labels`] as HostTensor).data as Int32Array;
      const labels = Array.from(numbers, (number) => classes[number] ?? '');
      return { width: shape[1] ?? 0, values: data as Float32Array, labels };
    };
    return { train: set('train'), test: set('test') };
  } finally {
    await file.close();
  }
}

/** What is read is bounded by what the manifest says of the clips. */
function requireTypes(
  path: string,
  { tensors }: SafetensorsFile,
  { width, data, test }: ProbeManifest,
): void {
  const most = { train: data.clips, test: test.clips };
  for (const name of NAMES) {
    const clips = tensors.get(`${name}.labels`)?.shape[0] ?? 0;
    const types = [
      [`${name}.features`, `f32[${clips},${width}]`],
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

function tensorsOf(sets: ProbeSets, classes: readonly string[]): Tensors {
  const tensors: Record<string, HostTensor> = {};
  for (const name of NAMES) {
    const { width, values, labels } = sets[name];
    const numbers = Int32Array.from(labels, (label) => classes.indexOf(label));
    tensors[`${name}.features`] = { dtype: 'f32', shape: [labels.length, width], data: values };
    tensors[`${name}.labels`] = { dtype: 'i32', shape: [labels.length], data: numbers };
  }
  return tensors;
}

function digestOf(tensors: Tensors): string {
  const digest = new Sha256();
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name] as HostTensor;
    digest.update(`${name} ${dtype} [${shape}]`);
    digest.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return digest.hex();
}
