import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { HostTensor, Named } from '../core/backend.js';
import { fileDigest } from '../formats/plain-file.js';
import { SafetensorsFile, writeSafetensors } from '../formats/safetensors/safetensors-file.js';
import { syncFolder, writeNewFile } from '../formats/whole-file.js';
import { LacunaError, type Role, type StateSpec } from '../spec/index.js';

const INDEX = 'index.json';
const MAX_INDEX_BYTES = 64 * 1024;

const INDEX_SCHEMA = z.strictObject({
  format: z.literal(1),
  step: z.int().min(0),
  files: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z]+\.safetensors$/),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
type CheckpointIndex = z.infer<typeof INDEX_SCHEMA>;

/** A checkpoint whose files were found whole. */
export interface Checkpoint {
  readonly path: string;
  /** Steps that were done: the next one to run. */
  readonly step: number;
  readonly files: readonly string[];
}

/**
 * Writes the whole state as `checkpoints/step-N`, one safetensors file a role and an index with
 * sizes and digests: written beside, made durable, then renamed, so that it exists whole or not at
 * all. Then removes checkpoints beyond the newest `keep`.
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  state: readonly StateSpec[],
  read: (name: string) => Promise<HostTensor>,
  keep: number,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const name = `step-${String(step).padStart(8, '0')}`;
  const partial = join(folder, `.partial-${name}`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial);
  const files: CheckpointIndex['files'] = [];
  for (const [role, specs] of byRole(state)) {
    const declared = specs.map(({ name, shape }) => ({ name, shape, dtype: 'f32' as const }));
    const file = `${role}.safetensors`;
    const written = await writeSafetensors(join(partial, file), declared, read);
    files.push({ name: file, ...written });
  }
  const index: CheckpointIndex = { format: 1, step, files };
  await writeNewFile(join(partial, INDEX), `${JSON.stringify(index, null, 2)}\n`);
  await syncFolder(partial);
  const path = join(folder, name);
  await rm(path, { recursive: true, force: true });
  await rename(partial, path);
  await syncFolder(folder);
  for (const old of (await checkpointNames(folder)).slice(keep)) {
    await rm(join(folder, old), { recursive: true, force: true });
  }
  return path;
}

/**
 * The newest checkpoint that is whole: sizes and digests of its files agree with its index.
 *
 * @param onDamaged Told of each newer one that is not, as a sentence.
 */
export async function lastGoodCheckpoint(
  folder: string,
  onDamaged: (sentence: string) => void = () => {},
): Promise<Checkpoint | undefined> {
  for (const name of await checkpointNames(folder)) {
    const path = join(folder, name);
    const { index, problem } = await verified(path);
    if (index !== undefined) {
      return { path, step: index.step, files: index.files.map((file) => file.name) };
    }
    onDamaged(`Checkpoint ${path} is damaged (${problem}); the one before it is used.`);
  }
  return undefined;
}

/** Reads a checkpoint's tensors one by one. @throws LacunaError where the model has others. */
export class CheckpointReader {
  readonly #files: readonly SafetensorsFile[];

  private constructor(files: readonly SafetensorsFile[]) {
    this.#files = files;
  }

  static async open({ path, files }: Checkpoint): Promise<CheckpointReader> {
    return new CheckpointReader(
      await Promise.all(files.map((file) => SafetensorsFile.open(join(path, file)))),
    );
  }

  async read({ name, shape }: Pick<StateSpec, 'name' | 'shape'>): Promise<HostTensor> {
    const file = this.#files.find(({ tensors }) => tensors.has(name));
    const tensor = await file?.read(name);
    if (tensor === undefined || String(tensor.shape) !== String(shape)) {
      throw new LacunaError({
        where: name,
        what: 'the checkpoint is of another model',
        got: tensor === undefined ? 'no such tensor' : `[${tensor.shape}]`,
        expected: `[${shape}]`,
      });
    }
    return tensor;
  }

  /** All of `state` by name: for evaluation, where the state is small or is needed whole. */
  async readAll(state: readonly Pick<StateSpec, 'name' | 'shape'>[]): Promise<Named<HostTensor>> {
    const all: Record<string, HostTensor> = {};
    for (const spec of state) all[spec.name] = await this.read(spec);
    return all;
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }
}

/** Names of finished checkpoints, the newest first. */
async function checkpointNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^step-\d{8,}$/.test(name))
    .sort()
    .reverse();
}

async function verified(path: string): Promise<{ index?: CheckpointIndex; problem?: string }> {
  try {
    const file = join(path, INDEX);
    if ((await stat(file)).size > MAX_INDEX_BYTES) return { problem: 'its index is too large' };
    const parsed = INDEX_SCHEMA.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (!parsed.success) return { problem: 'its index is malformed' };
    for (const { name, bytes, sha256 } of parsed.data.files) {
      const { size } = await stat(join(path, name));
      if (size !== bytes) return { problem: `${name} has ${size} of ${bytes} bytes` };
      if ((await fileDigest(join(path, name))) !== sha256)
        return { problem: `${name} has changed` };
    }
    return { index: parsed.data };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function byRole(state: readonly StateSpec[]): Map<Role, StateSpec[]> {
  const groups = new Map<Role, StateSpec[]>();
  for (const spec of state) groups.set(spec.role, [...(groups.get(spec.role) ?? []), spec]);
  return groups;
}
