import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { HostTensor, Named } from '../core/backend.js';
import { sha256 } from '../core/sha256.js';
import {
  codeOf,
  makeFolder,
  makeOwnFolder,
  removeFolder,
  renameEntry,
  syncFolder,
} from '../formats/file-operations.js';
import { ownFileDigest, readOwnFile } from '../formats/own-file.js';
import { SafetensorsFile, writeSafetensors } from '../formats/safetensors/safetensors-file.js';
import { writeNewFile } from '../formats/whole-file.js';
import { elementCount, LacunaError, type Role, type StateSpec } from '../spec/index.js';

const INDEX = 'index.json';
const MAX_INDEX_BYTES = 64 * 1024;

const INDEX_SCHEMA = z.strictObject({
  format: z.literal(1),
  step: z.int().min(0),
  /** Of the run's stages the one that it was written in. */
  stage: z.string().max(64).exactOptional(),
  files: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z]{1,64}\.safetensors$/),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(64),
});
type CheckpointIndex = z.infer<typeof INDEX_SCHEMA>;

/** A checkpoint whose files were found whole. */
export interface Checkpoint {
  readonly path: string;
  /** Steps that were done: the next one to run. */
  readonly step: number;
  readonly files: readonly string[];
  /** SHA-256 of its index, which has those of its files. */
  readonly digest: string;
}

const NAME = /^step-(\d{8,16})$/;
/** A checkpoint that another of the same step is about to replace: it counts until that one is there. */
const FORMER = /^\.former-step-(\d{8,16})$/;
const PARTIAL = '.partial-';

/**
 * Writes the whole state as `checkpoints/step-N`, one safetensors file a role and an index with
 * sizes and digests: written beside, made durable, then renamed, so that it exists whole or not at
 * all. Then removes what is older than the newest `keep` whole checkpoints up to this step, and the
 * damaged ones; nothing that is whole goes before this one is durable.
 *
 * @param stage The name of the run's stage, where it has some.
 * @throws LacunaError where it cannot be written; the checkpoints that were there then stay.
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  state: readonly StateSpec[],
  read: (name: string) => Promise<HostTensor>,
  keep: number,
  stage?: string,
): Promise<string> {
  await makeOwnFolder(folder);
  await removePartials(folder);
  const name = `step-${String(step).padStart(8, '0')}`;
  const partial = join(folder, `${PARTIAL}${name}`);
  const path = join(folder, name);
  try {
    await makeFolder(partial);
    const text = await fill(partial, stage === undefined ? { step } : { step, stage }, state, read);
    await syncFolder(partial);
    await replaceFolder(partial, path, join(folder, `.former-${name}`));
    await syncFolder(folder);
    KNOWN_WHOLE.set(path, sha256(text));
  } catch (error) {
    await removeFolder(partial).catch(() => {});
    throw error;
  }
  await rotate(folder, step, keep);
  return path;
}

async function fill(
  partial: string,
  named: Pick<CheckpointIndex, 'step' | 'stage'>,
  state: readonly StateSpec[],
  read: (name: string) => Promise<HostTensor>,
): Promise<string> {
  const files: CheckpointIndex['files'] = [];
  for (const [role, specs] of byRole(state)) {
    const declared = specs.map(({ name, shape }) => ({ name, shape, dtype: 'f32' as const }));
    const file = `${role}.safetensors`;
    const written = await writeSafetensors(join(partial, file), declared, read);
    files.push({ name: file, ...written });
  }
  const index: CheckpointIndex = { format: 1, ...named, files };
  const text = `${JSON.stringify(index, null, 2)}\n`;
  await writeNewFile(join(partial, INDEX), text);
  return text;
}

/** Puts a folder in the place of another, which has the name `former` in between. */
async function replaceFolder(from: string, to: string, former: string): Promise<void> {
  const exists = await lstat(to).then(
    () => true,
    () => false,
  );
  if (exists) {
    await removeFolder(former);
    await renameEntry(to, former);
  }
  await renameEntry(from, to);
}

/** What this process wrote, or found whole: the digest of its index. It is not read again. */
const KNOWN_WHOLE = new Map<string, string>();

async function rotate(folder: string, step: number, keep: number): Promise<void> {
  let kept = 0;
  for (const { name, step: its, isFormer } of await checkpoints(folder)) {
    // One beyond this step is damaged, or this run would have begun with it: that is looked up.
    const counts = its <= step && !isFormer;
    if (counts && kept === keep) {
      await discard(folder, name);
      continue;
    }
    const path = join(folder, name);
    if (its > step) KNOWN_WHOLE.delete(path);
    const state = isFormer && its <= step ? 'damaged' : await stateOf(path, its);
    if (state === 'damaged') await discard(folder, name);
    else if (state === 'whole' && counts) kept++;
  }
}

/** A checkpoint that cannot be read now may be whole: it stays, and does not count. */
async function stateOf(path: string, step: number): Promise<'whole' | 'damaged' | 'unreadable'> {
  const text = await readOwnFile(join(path, INDEX), MAX_INDEX_BYTES).catch(() => undefined);
  if (text !== undefined && KNOWN_WHOLE.get(path) === sha256(text)) return 'whole';
  const { index, isUnreadable } = await verified(path, step);
  if (index !== undefined) return 'whole';
  return isUnreadable === true ? 'unreadable' : 'damaged';
}

/** Removes a checkpoint; killed in between, it leaves none that looks damaged. */
async function discard(folder: string, name: string): Promise<void> {
  KNOWN_WHOLE.delete(join(folder, name));
  const aside = join(folder, `${PARTIAL}${name}`);
  await removeFolder(aside);
  await renameEntry(join(folder, name), aside);
  await removeFolder(aside);
}

/** Removes what a killed process has left. */
async function removePartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(PARTIAL)) await removeFolder(join(folder, name));
  }
}

/** Of a run from which nothing can be read yet. @param lack What there is not: `there is no model to look at`. */
export function noCheckpointYet(folder: string, lack: string, command = 'pretrain'): LacunaError {
  return new LacunaError({
    where: folder,
    what: `this run has no good checkpoint yet, so ${lack}`,
    fix: `Let it train longer: lacuna ${command} --resume ${folder}`,
  });
}

/**
 * The newest checkpoint that is whole: sizes and digests of its files agree with its index.
 *
 * @param onDamaged Told of each newer one that is not, as a sentence.
 * @param state What the model has: a larger file is none of its own, and is not read.
 */
export async function lastGoodCheckpoint(
  folder: string,
  onDamaged: (sentence: string) => void = () => {},
  state?: readonly Pick<StateSpec, 'name' | 'shape'>[],
): Promise<Checkpoint | undefined> {
  for (const { name, step } of await checkpoints(folder)) {
    const path = join(folder, name);
    const { index, digest = '', problem } = await verified(path, step, state);
    if (index !== undefined) {
      const files = index.files.map((file) => file.name);
      return { path, step: index.step, files, digest };
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

  static async open({
    path,
    files,
  }: Pick<Checkpoint, 'path' | 'files'>): Promise<CheckpointReader> {
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

interface Entry {
  readonly name: string;
  readonly step: number;
  readonly isFormer: boolean;
}

/** The step of the newest checkpoint of a folder of checkpoints, whole or not; undefined where there is none. */
export async function newestCheckpointStep(folder: string): Promise<number | undefined> {
  return (await checkpoints(folder)).find(({ isFormer }) => !isFormer)?.step;
}

/** Checkpoints in real folders, whole or not, the newest first. @throws LacunaError for a link. */
async function checkpoints(folder: string): Promise<Entry[]> {
  const facts = await lstat(folder).catch(() => undefined);
  if (facts === undefined) return [];
  if (!facts.isDirectory()) {
    throw new LacunaError({
      where: folder,
      what: 'this is not the folder of checkpoints that Lacuna made',
      got: facts.isSymbolicLink() ? 'a link' : 'no folder',
      fix: 'Look at where it leads, then put a real folder in its place.',
    });
  }
  const found: Entry[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { name } = entry;
    const step = NAME.exec(name)?.[1] ?? FORMER.exec(name)?.[1];
    if (step !== undefined) {
      found.push({ name, step: Number(step), isFormer: name.startsWith('.') });
    }
  }
  return found.sort((a, b) => b.step - a.step || Number(a.isFormer) - Number(b.isFormer));
}

interface Verified {
  readonly index?: CheckpointIndex;
  /** Of the index. */
  readonly digest?: string;
  readonly problem?: string;
  /** The system would not let it be read, which says nothing of what it holds. */
  readonly isUnreadable?: boolean;
}

async function verified(
  path: string,
  step: number,
  state?: readonly Pick<StateSpec, 'name' | 'shape'>[],
): Promise<Verified> {
  try {
    const text = await readOwnFile(join(path, INDEX), MAX_INDEX_BYTES);
    if (text === undefined) return { problem: 'it has no index' };
    const index = indexOf(text);
    if (index === undefined) return { problem: 'its index is malformed' };
    if (index.step !== step) return { problem: `its index is of step ${index.step}` };
    const most = state === undefined ? Number.POSITIVE_INFINITY : mostBytes(state);
    for (const { name, bytes, sha256: expected } of index.files) {
      if (bytes > most) return { problem: `${name} is larger than the model's` };
      const { size, digest } = await ownFileDigest(join(path, name), bytes);
      if (size !== bytes) return { problem: `${name} has ${size} of ${bytes} bytes` };
      if (digest !== expected) return { problem: `${name} has changed` };
    }
    const digest = sha256(text);
    KNOWN_WHOLE.set(path, digest);
    return { index, digest };
  } catch (error) {
    const cause = error instanceof LacunaError && error.cause !== undefined ? error.cause : error;
    KNOWN_WHOLE.delete(path);
    const isUnreadable = ['EACCES', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(codeOf(cause));
    return { problem: problemOf(error), isUnreadable };
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof LacunaError))
    return error instanceof Error ? error.message : String(error);
  const { where, what } = error.facts;
  return where === undefined ? what : `${basename(where)}: ${what}`;
}

function indexOf(text: Buffer): CheckpointIndex | undefined {
  try {
    const parsed = INDEX_SCHEMA.safeParse(JSON.parse(text.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes that no file of a model's checkpoint exceeds: two numbers of the optimiser a weight, and headers. */
function mostBytes(state: readonly Pick<StateSpec, 'name' | 'shape'>[]): number {
  let bytes = 4096;
  for (const { name, shape } of state) bytes += 16 * elementCount(shape) + 4 * name.length + 1024;
  return bytes;
}

/** The state in the order in which a checkpoint reads it. */
export function checkpointOrder(state: readonly StateSpec[]): readonly string[] {
  return [...byRole(state).values()].flat().map(({ name }) => name);
}

function byRole(state: readonly StateSpec[]): Map<Role, StateSpec[]> {
  const groups = new Map<Role, StateSpec[]>();
  for (const spec of state) groups.set(spec.role, [...(groups.get(spec.role) ?? []), spec]);
  return groups;
}
