import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LABEL_NAME } from '../data/index.js';
import { readOwnFile } from '../formats/own-file.js';
import { unsealJson } from '../formats/sealed-json.js';
import { LacunaError } from '../spec/index.js';
import type {
  FinetuneManifest,
  Manifests,
  ProbeManifest,
  RunManifest,
  TaskName,
} from './manifest.js';
import { PROBE_HEADS } from './probe-recipes.js';
import { BACKEND_SCHEMA, resolveBackend } from './settings/backend.js';
import { CHECKPOINTS_SCHEMA, resolveCheckpoints } from './settings/checkpoints.js';
import { CHOICE_KEYS } from './settings/list.js';
import { count, path as pathText, steps } from './settings/section.js';
import { storedSettings } from './settings/stored-settings.js';

export const MANIFEST = 'manifest.json';
const MAX_MANIFEST_BYTES = 2 ** 20;

const text = z.string().max(4096);
const digest = z.string().regex(/^[0-9a-f]{0,64}$/);
const listed = z.object({ clips: z.int().min(0), digest });
const data = listed.extend({ others: z.array(listed).max(15).exactOptional() });
const tokens = z.object({ visible: z.int().min(0), masked: z.int().min(0) });
const programs = z.record(z.string().max(256), digest);

const backend = z.object({
  name: text,
  version: text,
  device: text,
  contract: text,
  deterministic: z.boolean(),
  devices: z.int().min(1).exactOptional(),
  processes: z.int().min(1).exactOptional(),
  shardedState: z.literal(true).exactOptional(),
});

const BASE = {
  format: z.literal(1),
  lacuna: text,
  created: text,
  workingFolder: text.exactOptional(),
  backend,
  node: text,
  platform: text,
  data,
  parameters: z.int().min(0),
  programs,
};

const names = z.object({ count: z.int().min(0), names: z.array(z.string().max(256)).max(1000) });
const weights = z.object({
  from: z
    .array(
      z.object({
        folder: pathText,
        model: text,
        towers: z.array(z.enum(['video', 'text'])).max(2),
        digest,
        taken: z.int().min(0),
        anew: names,
        leftOut: names,
      }),
    )
    .max(2),
  initial: z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** What every version since the first has written; keys of later versions are left out. */
const RUN = z.object({
  ...BASE,
  task: z.literal('pretrain').exactOptional(),
  settings: z.unknown(),
  vocabulary: z
    .int()
    .min(0)
    .max(2 ** 24),
  teacher: z.object({ name: text, digest }).exactOptional(),
  similarity: digest.exactOptional(),
  tokenizer: digest.exactOptional(),
  evaluation: data.exactOptional(),
  weights: weights.exactOptional(),
  extended: z
    .array(z.object({ fromSteps: z.int().min(1), toSteps: z.int().min(1) }))
    .max(10_000)
    .exactOptional(),
  continued: z
    .array(z.object({ step: z.int().min(0), backend }))
    .max(10_000)
    .exactOptional(),
  stages: z
    .array(z.object({ name: text, steps, data, tokens, programs }))
    .max(16)
    .exactOptional(),
  tokens,
});

const clips = z.object({
  path: pathText,
  root: pathText.exactOptional(),
  followLinks: z.boolean().exactOptional(),
  ...CHOICE_KEYS,
});
const PROBE: z.ZodType<ProbeManifest> = z.object({
  ...BASE,
  task: z.literal('linear-probe'),
  settings: z.object({
    run: pathText,
    data: clips,
    test: clips.exactOptional(),
    label: z.string().regex(LABEL_NAME).exactOptional(),
    output: pathText,
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    head: z.enum(PROBE_HEADS).exactOptional(),
    steps,
    epochs: z.int().min(1).max(1e6).exactOptional(),
    batch: z.int().min(1).max(1e7).exactOptional(),
    learningRate: z.number().gt(0).max(1e6),
    rates: z.array(z.number().gt(0).max(1e6)).max(64).exactOptional(),
    decays: z.array(z.number().min(0).max(1e6)).max(64).exactOptional(),
    neighbours: z.array(z.int().min(1).max(1e6)).min(1).max(64).exactOptional(),
    blocks: z.int().min(1).max(64).exactOptional(),
    evaluateEvery: steps,
    checkpoints: CHECKPOINTS_SCHEMA.transform(resolveCheckpoints),
    backend: BACKEND_SCHEMA.transform(resolveBackend),
  }),
  test: data,
  classes: z.array(text).min(1).max(100_000),
  width: count,
  tokens: z.int().min(1).max(1e6).exactOptional(),
  heads: z.int().min(1).max(1024).exactOptional(),
  made: text.exactOptional(),
  features: digest,
});

const FINETUNE = z.object({
  ...BASE,
  task: z.literal('finetune'),
  settings: z.unknown(),
  heads: z
    .array(
      z.object({
        name: z.string().regex(LABEL_NAME),
        classes: z.array(text).min(2).max(100_000),
      }),
    )
    .min(1)
    .max(16),
  evaluation: data.exactOptional(),
  weights: weights.exactOptional(),
});

/** The manifest of a pretraining run: see `readTaskManifest`. */
export function readManifest(path: string): Promise<RunManifest> {
  return readTaskManifest(path, 'pretrain');
}

/**
 * The manifest of a run, each value checked: it may be a stranger's.
 *
 * @throws LacunaError where the folder is no run, half of one, or one of another task.
 */
export async function readTaskManifest<N extends TaskName>(
  path: string,
  task: N,
): Promise<Manifests[N]> {
  const file = join(path, MANIFEST);
  const value = await readValue(path, file);
  const { task: found = 'pretrain' } = value;
  if (found === task) return parse(file, task, value);
  const known =
    typeof found === 'string' && Object.hasOwn(TASKS, found) ? (found as TaskName) : undefined;
  throw new LacunaError({
    where: path,
    what: `this folder holds ${known === undefined ? 'a run of a task that this version does not know' : TASKS[known].holds}`,
    got: `task ${String(found).slice(0, 80)}`,
    expected: TASKS[task].holds,
    ...(known === undefined ? {} : { fix: `${TASKS[known].use} ${path}` }),
  });
}

/** The manifest of a run of any task. @throws LacunaError as `readTaskManifest`. */
export async function readAnyManifest(path: string): Promise<Manifests[TaskName]> {
  return readTaskManifest(path, (await taskOf(path)) ?? 'pretrain');
}

/** What the folder's manifest says that it holds; undefined where it has none, or one of another version. */
export async function taskOf(path: string): Promise<TaskName | undefined> {
  const value = await readValue(path, join(path, MANIFEST)).catch((error: unknown) => {
    if (error instanceof LacunaError) return undefined;
    throw error;
  });
  if (value === undefined) return undefined;
  const { task = 'pretrain' } = value;
  return typeof task === 'string' && Object.hasOwn(TASKS, task) ? (task as TaskName) : undefined;
}

const PARSERS: { readonly [N in TaskName]: (value: unknown) => Manifests[N] } = {
  pretrain: (value) => {
    const { settings: stored, ...manifest } = RUN.parse(value);
    const settings = storedSettings(stored);
    const { stages = [] } = settings;
    const names = (list: readonly { readonly name: string }[]): string =>
      list.map(({ name }) => name).join();
    if (names(stages) !== names(manifest.stages ?? [])) {
      throw new Error('its stages are not those of its settings');
    }
    return { ...manifest, settings };
  },
  'linear-probe': (value) => PROBE.parse(value),
  finetune: (value): FinetuneManifest => {
    const { settings: stored, ...manifest } = FINETUNE.parse(value);
    const settings = storedSettings(stored);
    if (settings.finetuning === undefined) throw new Error('settings: finetuning is missing');
    return { ...manifest, settings };
  },
};

function parse<N extends TaskName>(file: string, task: N, value: unknown): Manifests[N] {
  try {
    return PARSERS[task](value);
  } catch (error) {
    throw damaged(file, problemOf(error), error);
  }
}

/** What the folder of a task holds, and what continues it. */
const TASKS: Readonly<Record<TaskName, { readonly holds: string; readonly use: string }>> = {
  pretrain: { holds: 'a pretraining run', use: 'Continue it with: lacuna pretrain --resume' },
  'linear-probe': { holds: 'a probe', use: 'Continue it with: lacuna probe --resume' },
  finetune: { holds: 'a fine-tuned classifier', use: 'Continue it with: lacuna finetune --resume' },
};

async function readValue(path: string, file: string): Promise<Record<string, unknown>> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readOwnFile(file, MAX_MANIFEST_BYTES);
  } catch (error) {
    if ((await stat(path).catch(() => undefined))?.isFile()) {
      throw new LacunaError({
        where: path,
        what: 'this is no folder of a run',
        got: 'a file',
        fix: 'Name the folder that training wrote.',
      });
    }
    throw damaged(file, problemOf(error), error);
  }
  if (bytes === undefined) {
    throw new LacunaError({
      where: path,
      what: 'this folder holds no run: it has no manifest.json',
      fix: 'Name the folder that training wrote; if a run was killed in its first second, start it anew.',
    });
  }
  try {
    const value = unsealJson(bytes.toString('utf8'));
    if (value.format !== 1 || value.settings === undefined) throw new Error('keys are missing');
    return value;
  } catch (error) {
    throw damaged(file, problemOf(error), error);
  }
}

function problemOf(error: unknown): string {
  if (error instanceof LacunaError) {
    const { where, what, got } = error.facts;
    const said = got === undefined ? what : `${what} (${got})`;
    return where === undefined || where.endsWith(MANIFEST) ? said : `${where}: ${said}`;
  }
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function damaged(file: string, got: string, cause: unknown): LacunaError {
  return new LacunaError(
    {
      where: file,
      what: 'the manifest of this run is damaged',
      got: got.slice(0, 400),
      fix: 'Restore it from a copy, or start the run anew in another folder.',
    },
    { cause },
  );
}
