import type { HostTensor } from '../../core/backend.js';
import { ownFileDigest } from '../../formats/own-file.js';
import { SafetensorsFile, writeSafetensors } from '../../formats/safetensors/safetensors-file.js';
import type { Written } from '../../formats/whole-file.js';
import { LacunaError, type StateSpec } from '../../spec/index.js';
import { initialTensor } from '../initialize.js';
import type { RunManifest } from '../manifest.js';
import type { TakenTensor } from './plan-transfer.js';
import type { WeightFiles } from './weight-files.js';

/** What is taken, with the open files that it is read from. */
export interface Taken {
  readonly tensors: readonly TakenTensor[];
  readonly files: WeightFiles;
}

/**
 * Writes what was taken as `initial.safetensors` of a run, tensor by tensor: the run goes on without
 * the folders that it was taken from.
 */
export function writeInitialWeights(path: string, taken: readonly Taken[]): Promise<Written> {
  const all = new Map(
    taken.flatMap(({ tensors, files }) =>
      tensors.map((tensor) => [tensor.spec.name, { tensor, files }] as const),
    ),
  );
  const declared = [...all.values()].map(({ tensor: { spec } }) => ({
    name: spec.name,
    shape: spec.shape,
    dtype: 'f32' as const,
  }));
  return writeSafetensors(path, declared, async (name) => {
    const found = all.get(name);
    if (found === undefined) throw new LacunaError({ where: name, what: 'nothing was taken here' });
    return takenTensor(found.tensor, found.files);
  });
}

/** Reads and converts one tensor. @throws LacunaError for a number that is not finite. */
export async function takenTensor(
  { spec, from: [name, plus], make }: TakenTensor,
  files: WeightFiles,
): Promise<HostTensor> {
  const data = name === undefined ? new Float32Array(0) : await files.read(name);
  const table = plus === undefined ? undefined : await files.read(plus);
  return { dtype: 'f32', shape: spec.shape, data: make(data, table) };
}

/** How the state of a run begins: what was taken, and draws for the rest. */
export class InitialState {
  readonly #path: string;
  readonly #seed: number;
  readonly #written: Written | undefined;
  #file: SafetensorsFile | undefined;

  /** @param path `initial.safetensors` of the run; opened only where weights were taken. */
  constructor(path: string, { settings, weights }: Pick<RunManifest, 'settings' | 'weights'>) {
    this.#path = path;
    this.#seed = settings.seed;
    this.#written = weights?.initial;
  }

  /** @throws LacunaError where the file is lost or has changed since the run began. */
  async read(spec: StateSpec): Promise<HostTensor> {
    const file = await this.#open();
    if (file?.tensors.has(spec.name) !== true) return initialTensor(spec, this.#seed);
    const tensor = await file.read(spec.name);
    if (tensor.dtype === 'f32' && String(tensor.shape) === String(spec.shape)) return tensor;
    throw this.#changed(`${spec.name}: ${tensor.dtype} [${tensor.shape}]`);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #open(): Promise<SafetensorsFile | undefined> {
    if (this.#written === undefined || this.#file !== undefined) return this.#file;
    const { bytes, sha256 } = this.#written;
    const { size, digest } = await ownFileDigest(this.#path, bytes);
    if (digest !== sha256) throw this.#changed(size === bytes ? 'another digest' : `${size} bytes`);
    this.#file = await SafetensorsFile.open(this.#path);
    return this.#file;
  }

  #changed(got: string): LacunaError {
    return new LacunaError({
      where: this.#path,
      what: 'the weights that this run began with have changed',
      got,
      fix: 'Restore the file from a copy, or begin a new run.',
    });
  }
}
