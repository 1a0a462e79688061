import { parseConfig, type RunSettings, resolveSettings } from '../../run/index.js';
import { LacunaError } from '../../spec/errors.js';

/** What a visitor may choose of a run. */
export interface RunOptions {
  /** Clips to train on. */
  readonly clips: number;
  /** Held-out clips that it is judged by. */
  readonly heldOut: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  /** `demo` is the model of `lacuna demo`; `small` has the same parts, less of each, for slow machines. */
  readonly model: (typeof MODELS)[number];
  /** Steps between two looks at what it has learned, each with a checkpoint. */
  readonly every: number;
}

export const MODELS = ['demo', 'small'] as const;

/** Those of `lacuna demo`: four epochs of 2,000 clips. */
export const DEFAULTS: RunOptions = {
  clips: 2000,
  heldOut: 64,
  steps: 248,
  batch: 32,
  seed: 0,
  model: 'demo',
  every: 25,
};

const BOUNDS: Readonly<Record<Exclude<keyof RunOptions, 'model'>, readonly [number, number]>> = {
  clips: [2, 50_000],
  heldOut: [2, 64],
  steps: [1, 100_000],
  batch: [2, 1024],
  seed: [0, Number.MAX_SAFE_INTEGER],
  every: [1, 100_000],
};

/**
 * The options of an address: `?steps=100&batch=16`.
 *
 * @throws LacunaError naming the one that is unknown or out of bounds.
 */
export function parseOptions(query: string): RunOptions {
  const options: Record<string, number | string> = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(query)) {
    if (text === '') continue;
    if (!Object.hasOwn(DEFAULTS, name)) {
      const expected = Object.keys(DEFAULTS).join(', ');
      throw new LacunaError({
        what: 'the page has no such setting',
        got: name.slice(0, 80),
        expected,
      });
    }
    options[name] =
      name === 'model' ? modelNamed(text) : numberOf(name as keyof typeof BOUNDS, text);
  }
  return options as unknown as RunOptions;
}

function modelNamed(text: string): string {
  if (MODELS.some((name) => name === text)) return text;
  const got = text.slice(0, 80);
  throw new LacunaError({
    where: 'model',
    what: 'there is no such model',
    got,
    expected: MODELS.join(' or '),
  });
}

function numberOf(name: keyof typeof BOUNDS, text: string): number {
  const [least, most] = BOUNDS[name];
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
  throw new LacunaError({
    where: name,
    what: 'this setting is out of bounds',
    got: text.slice(0, 80),
    expected: `a whole number from ${least} to ${most}`,
  });
}

/** The smaller model: what the demo's has, with narrower and fewer layers. */
const SMALL = {
  clip: { patch: 16 },
  encoder: { width: 32, depth: 1, heads: 2 },
  decoder: { width: 32, depth: 1, heads: 2 },
  text: { width: 32, depth: 1, heads: 2 },
  contrastive: {
    videoProjection: { kind: 'linear', width: 32 },
    textProjection: { kind: 'linear', width: 32 },
  },
} as const;

/**
 * The settings of a run on drawn clips in `data`, as `run` beside it. They name ONNX Runtime, which Node goes on
 * with where nothing else is asked for; what computes here the manifest tells by itself.
 */
export function runSettings({
  steps,
  batch,
  seed,
  model,
  every,
  heldOut,
}: RunOptions): RunSettings {
  return resolveSettings(
    parseConfig({
      preset: 'demo',
      data: { list: 'data/train.jsonl', workers: 0 },
      output: 'run',
      ...(model === 'small' ? SMALL : {}),
      ...{ seed, batch, schedule: { steps } },
      evaluation: { list: 'data/test.jsonl', everySteps: every, clips: heldOut },
      checkpoints: { everySteps: every },
    }),
  );
}
