import type { Command } from 'commander';
import type { GivenPaths } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import type { ResumeChanges } from '../../training/index.js';
import { wholeNumber } from '../whole-number.js';

/** Flags that a run which goes on honours: where its data lie, how long it is, who decodes and computes. */
const HONOURED = [
  'resume',
  'data',
  'root',
  'split',
  'followLinks',
  'steps',
  'epochs',
  'workers',
  'backend',
  'device',
  'devices',
  'shardState',
  'threads',
  'coordinator',
  'processes',
  'process',
  'set',
  'json',
];

/** Settings of `--set` that say where something lies; what lies there is held to the manifest. */
const PATHS: Readonly<Record<string, Exclude<keyof GivenPaths, 'followLinks'>>> = {
  'data.list': 'list',
  'data.root': 'root',
  'data.split': 'split',
  'data.similarity': 'similarity',
  'contrastive.teacher': 'teacher',
  'mask.motion.raft': 'raft',
  'evaluation.list': 'evaluationList',
  'evaluation.root': 'evaluationRoot',
  'evaluation.split': 'evaluationSplit',
};

interface ResumeFlags {
  readonly data?: string;
  readonly root?: string;
  readonly split?: string;
  readonly followLinks?: boolean;
  readonly steps?: string;
  readonly epochs?: string;
  readonly workers?: string;
  readonly set?: readonly string[];
}

/**
 * What the flags beside `--resume` change.
 * @throws LacunaError naming the first that a run which goes on cannot honour.
 */
export function resumeChanges(command: Command, flags: ResumeFlags): ResumeChanges {
  refuseOthers(command, HONOURED);
  const { data, root, split, followLinks, steps, epochs, workers, set = [] } = flags;
  if (steps !== undefined && epochs !== undefined) {
    throw new LacunaError({ where: '--epochs', what: '--steps and --epochs exclude each other' });
  }
  const paths: Partial<Record<Exclude<keyof GivenPaths, 'followLinks'>, string>> = {};
  for (const assignment of set) {
    const [key = '', ...rest] = assignment.split('=');
    const path = Object.hasOwn(PATHS, key) ? PATHS[key] : undefined;
    if (path === undefined || rest.length === 0) {
      throw fixed(`--set ${key}`, `--set of ${Object.keys(PATHS).join(', ')}`);
    }
    paths[path] = rest.join('=');
  }
  if (data !== undefined) paths.list = data;
  if (root !== undefined) paths.root = root;
  if (split !== undefined) paths.split = split;
  return {
    paths: followLinks === true ? { ...paths, followLinks } : paths,
    ...(steps === undefined ? {} : { steps: number('--steps', 1e9, steps) }),
    ...(epochs === undefined ? {} : { epochs: number('--epochs', 1e6, epochs) }),
    ...(workers === undefined ? {} : { workers: number('--workers', 256, workers, 0) }),
  };
}

/** @throws LacunaError for a flag or an argument that was given and is not `honoured`. */
export function refuseOthers(command: Command, honoured: readonly string[]): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli' || honoured.includes(name)) continue;
    const allowed = command.options
      .filter(
        (each) => each.attributeName() !== 'resume' && honoured.includes(each.attributeName()),
      )
      .map(({ long }) => long);
    throw fixed(option.long ?? name, allowed.join(', '));
  }
}

function fixed(where: string, expected: string): LacunaError {
  return new LacunaError({
    where,
    what: 'a run that goes on has the settings that it began with, so this cannot be changed',
    expected: `beside --resume: ${expected}`,
    fix: 'Leave it out, or begin a new run with it.',
  });
}

function number(where: string, most: number, text: string, least = 1): number {
  try {
    return wholeNumber(least, most)(text);
  } catch (cause) {
    throw new LacunaError(
      {
        where,
        what: 'this is no length',
        got: text,
        expected: `a whole number from ${least} to ${most}`,
      },
      { cause },
    );
  }
}
