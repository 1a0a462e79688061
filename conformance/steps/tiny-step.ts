import type { HostTensor, Named } from '../../core/backend.js';
import type { ModelConfig, StateSpec, VideoConfig } from '../../spec/index.js';
import { makeTable } from '../../spec/model/tables.js';
import { elementCount, type Program, type ProgramInput } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';

const SMALL = { width: 6, depth: 1, heads: 2, mlpRatio: 2 };

/** Two slots of 2 x 2 cubes. */
const VIDEO = { frames: 4, size: 8, tubelet: 2, patch: 4 };
const TOKENS = 8;

/** The same places with cubes of other sizes, in two slots or another number. */
export function tinyVideo([tubelet = 2, patch = 4]: readonly number[], slots = 2): VideoConfig {
  return { frames: slots * tubelet, size: 2 * patch, tubelet, patch };
}
const VOCABULARY = 7;

/** Reconstruction only. */
export const TINY_MAE: ModelConfig = {
  video: VIDEO,
  encoder: SMALL,
  mae: { decoder: SMALL },
};

/** Both objectives, with everything that a step can have. */
export const TINY_JOINT: ModelConfig = {
  ...TINY_MAE,
  contrastive: {
    text: { ...SMALL, vocabulary: VOCABULARY, length: 4 },
    textProjection: { kind: 'linear', width: 5 },
    videoProjection: { kind: 'mlp-bn', width: 5 },
    // Near where it starts, so that the clamp cuts some draws; its logarithm is a float32 number.
    temperature: { kind: 'learned', maximumScale: Math.exp(2.625) },
  },
};

/** Alignment only, by what the joint model does not have. */
export const TINY_CONTRASTIVE: ModelConfig = {
  video: VIDEO,
  encoder: { ...SMALL, classToken: true },
  contrastive: {
    text: {
      ...SMALL,
      vocabulary: VOCABULARY,
      length: 4,
      attention: 'causal',
      pool: 'last',
      activation: 'quick-gelu',
    },
    textProjection: { kind: 'relu-linear', width: 5 },
    videoProjection: { kind: 'mlp', width: 5 },
    pool: 'class',
    temperature: { kind: 'fixed', value: 0.07 },
    directions: 'sum',
  },
};

/** MAC on its codebase's towers: divided attention, and a text encoder with norms after. */
export const TINY_DIVIDED: ModelConfig = {
  video: VIDEO,
  encoder: {
    ...SMALL,
    classToken: true,
    keyBias: true,
    attention: 'divided',
    positions: 'learned-zero-slots',
  },
  contrastive: {
    text: {
      ...SMALL,
      vocabulary: VOCABULARY,
      length: 4,
      keyBias: true,
      norms: 'after',
      embeddingNorm: true,
      segments: 2,
      normEps: 1e-12,
    },
    textProjection: { kind: 'relu-linear', width: 5 },
    videoProjection: { kind: 'linear', width: 5 },
    pool: 'class',
    temperature: { kind: 'fixed', value: 0.2 },
    directions: 'sum',
  },
};

/** TGM's joint objective: a frozen teacher's text embeddings, as they are. */
export const TINY_TEACHER: ModelConfig = {
  ...TINY_MAE,
  contrastive: {
    text: { frozen: true, width: 5 },
    textProjection: { kind: 'none', width: 5 },
    videoProjection: { kind: 'mlp-bn', width: 5 },
    temperature: { kind: 'fixed', value: 0.1 },
  },
};

/** Deeper and wider than any other here, with more than two heads. */
export const DEEP_JOINT: ModelConfig = {
  video: VIDEO,
  encoder: { width: 66, depth: 3, heads: 3, mlpRatio: 0.5 },
  mae: { decoder: { width: 8, depth: 2, heads: 2, mlpRatio: 2 } },
  contrastive: {
    text: { ...SMALL, depth: 3, vocabulary: VOCABULARY, length: 4 },
    textProjection: { kind: 'linear', width: 5 },
    videoProjection: { kind: 'mlp-bn', width: 5 },
    temperature: { kind: 'learned' },
  },
};

/** Sizes of the steps that are judged. */
export const STEP_SHAPE: { readonly batch: number; readonly visible: number } = {
  batch: 3,
  visible: 3,
};

/** The inputs of a program of one of the tiny models, drawn at random. */
export function stepInputs(
  program: Program,
  state: readonly StateSpec[],
  { batch, visible, draw, run = 0, count = TOKENS }: StepDraw,
): Named<HostTensor> {
  const specs = new Map(state.map((spec) => [spec.name, spec]));
  const stream = new RandomStream({ seed: draw, stream: 'test', replicate: run });
  const tokens = Array.from({ length: batch }, () => tokenOrder(stream, visible, count));
  return Object.fromEntries(
    program.inputs.map((input) => {
      const data = dataOf(input, specs.get(input.name), tokens, stream);
      return [input.name, { dtype: input.dtype, shape: input.shape, data }];
    }),
  );
}

/** The inputs with the f32 ones of these names multiplied by a number. */
export function scaledInputs(
  inputs: Named<HostTensor>,
  names: RegExp,
  factor: number,
): Named<HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      names.test(name)
        ? { ...tensor, data: Float32Array.from(tensor.data, (x) => x * factor) }
        : tensor,
    ]),
  );
}

/** What the inputs of a step are made of. */
export interface StepDraw {
  readonly batch: number;
  readonly visible: number;
  readonly draw: number;
  /** Tells the runs of one case apart. @defaultValue 0 */
  readonly run?: number;
  /** Tokens of a clip. @defaultValue those of the tiny models */
  readonly count?: number;
}

interface Tokens {
  readonly visible: readonly number[];
  readonly masked: readonly number[];
}

/** A random split of the tokens, each part ascending. */
function tokenOrder(stream: RandomStream, visible: number, count: number): Tokens {
  const order = Array.from({ length: count }, (_, token) => token);
  const kept = new Set<number>();
  while (kept.size < visible) kept.add(stream.integer(count));
  return {
    visible: order.filter((token) => kept.has(token)),
    masked: order.filter((token) => !kept.has(token)),
  };
}

function dataOf(
  { name, dtype, shape, source }: ProgramInput,
  spec: StateSpec | undefined,
  tokens: readonly Tokens[],
  stream: RandomStream,
): HostTensor['data'] {
  const length = elementCount(shape);
  if (source !== undefined) return makeTable(source);
  if (name === 'visible') return Int32Array.from(tokens.flatMap(({ visible }) => visible));
  if (name === 'masked') return Int32Array.from(tokens.flatMap(({ masked }) => masked));
  if (name === 'text.lengths') return Int32Array.from({ length }, () => 1 + stream.integer(4));
  if (dtype === 'i32') return Int32Array.from({ length }, () => stream.integer(VOCABULARY));
  if (dtype === 'u8') return Uint8Array.from({ length }, () => stream.integer(256));
  if (name === 'schedule.lr') return Float32Array.of(1e-4);
  if (name.startsWith('schedule.')) return Float32Array.of(0.2);
  if (name.startsWith('adamw.')) {
    const size = name.startsWith('adamw.v.') ? 1e-4 : 1e-2;
    return Float32Array.from({ length }, () => size * stream.uniform());
  }
  const start = spec?.init.kind === 'constant' ? spec.init.value : 0;
  return Float32Array.from({ length }, () => start + 0.2 * stream.normal());
}
