import { readPlainFile } from '../../formats/index.js';
import {
  parseConfig,
  type RunSettings,
  resolveSettings,
  withValue,
  withWeights,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { note } from '../note.js';
import type { BackendFlags } from './backend-options.js';
import type { ListFlags } from './list-options.js';

/** Flags of `lacuna pretrain`; each overrides the configuration file. */
export interface RunFlags extends BackendFlags, ListFlags {
  readonly config?: string;
  readonly data?: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly output?: string;
  readonly preset?: string;
  readonly objective?: string;
  readonly steps?: string;
  readonly epochs?: string;
  readonly batch?: string;
  readonly microbatches?: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly tensorboard?: boolean;
  readonly ledger?: boolean;
  readonly trackio?: string;
  readonly set?: readonly string[];
  /** Folders that first weights come from. */
  readonly init?: readonly string[];
}

/** Where each flag goes in the configuration. */
const KEYS: Readonly<Record<Exclude<keyof RunFlags, 'config' | 'set' | 'init'>, string>> = {
  data: 'data.list',
  root: 'data.root',
  followLinks: 'data.followLinks',
  split: 'data.split',
  video: 'data.video',
  parts: 'data.parts',
  output: 'output',
  preset: 'preset',
  objective: 'objective',
  steps: 'schedule.steps',
  epochs: 'schedule.epochs',
  batch: 'batch',
  microbatches: 'microbatches',
  seed: 'seed',
  workers: 'data.workers',
  tensorboard: 'tensorboard',
  ledger: 'ledger',
  trackio: 'trackio',
  backend: 'backend.name',
  device: 'backend.device',
  threads: 'backend.threads',
  precision: 'backend.precision',
  devices: 'backend.devices',
  shardState: 'backend.shardState',
};
const TEXT_KEYS = new Set([
  'data.list',
  'data.root',
  'data.split',
  'data.video',
  'output',
  'trackio',
]);

/**
 * The settings that a file and flags make.
 *
 * @param base What they begin with where no file is named.
 * @throws LacunaError naming the key that is wrong.
 */
export async function settingsOf(
  flags: RunFlags,
  base: Record<string, unknown> = {},
): Promise<RunSettings> {
  let config = flags.config === undefined ? base : await readConfig(flags.config);
  for (const [flag, key] of Object.entries(KEYS)) {
    const value = flags[flag as keyof typeof KEYS];
    // A path such as `1` is text; withValue reads JSON where it can.
    if (value !== undefined)
      config = withValue(config, key, TEXT_KEYS.has(key) ? JSON.stringify(value) : String(value));
  }
  for (const assignment of flags.set ?? []) {
    config = withValue(config, ...assigned(assignment));
  }
  requireList(config);
  const complete = await withWeights({ output: runFolderName(), ...config }, flags.init, note);
  return resolveSettings(parseConfig(complete, flags.config));
}

/** Key and value of an assignment of `--set`. @throws LacunaError for what is none. */
export function assigned(assignment: string): [key: string, value: string] {
  const [key = '', ...rest] = assignment.split('=');
  if (rest.length > 0) return [key, rest.join('=')];
  throw new LacunaError({
    where: '--set',
    what: 'this is no assignment',
    got: assignment,
    expected: 'key=value, for example --set encoder.depth=6',
  });
}

/** Without a list nothing else of the settings matters: it is asked for by its flag. */
function requireList(config: Readonly<Record<string, unknown>>): void {
  const { data } = config;
  const isSection = typeof data === 'object' && data !== null;
  if (data !== undefined && (!isSection || 'list' in data)) return;
  throw new LacunaError({
    where: '--data',
    what: 'no clips to learn from are named',
    expected:
      'a list of videos: JSON Lines (video, captions, label), or the annotation file of a public set',
    fix: 'For example: --data captions.jsonl --root videos; in a configuration file, data.list and data.root.',
  });
}

/** A folder in runs/, named by the time. */
export function runFolderName(prefix: string = ''): string {
  return `runs/${prefix}${new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')}`;
}

/** No configuration is larger. */
const MAX_CONFIG_BYTES = 2 ** 20;

async function readConfig(path: string): Promise<Record<string, unknown>> {
  const text = (await readPlainFile(path, MAX_CONFIG_BYTES)).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    throw new Error('it is no object');
  } catch (cause) {
    throw new LacunaError(
      {
        where: path,
        what: 'the configuration is not JSON',
        got: cause instanceof Error ? cause.message : String(cause),
      },
      { cause },
    );
  }
}
