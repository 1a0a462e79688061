import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { trainingPlan } from '../../core/plan/training-plan.js';
import type { PretrainingConfig, StateSpec } from '../../spec/index.js';
import { makeTable } from '../../spec/model/tables.js';
import { elementCount, type Program, type ProgramInput } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family, programCase } from '../case.js';

const SMALL = { width: 6, depth: 1, heads: 2, mlpRatio: 2 };
/** Two slots of 2 x 2 cubes. */
const VIDEO = { frames: 4, size: 8, tubelet: 2, patch: 4 };
const TOKENS = 8;
const VOCABULARY = 7;

const MAE: PretrainingConfig = { video: VIDEO, encoder: SMALL, mae: { decoder: SMALL } };
const JOINT: PretrainingConfig = {
  ...MAE,
  contrastive: {
    text: { ...SMALL, vocabulary: VOCABULARY, length: 4 },
    textProjection: { kind: 'linear', width: 5 },
    videoProjection: { kind: 'mlp-bn', width: 5 },
    temperature: { kind: 'learned' },
  },
};

/**
 * One whole pretraining step of a tiny model: loss, gradients (as first moments) and AdamW. For
 * runs in double only: in float32 the worst case of so many layers is wider than the results.
 */
export const STEP_FAMILIES: readonly Family[] = [step('step/mae', MAE), step('step/joint', JOINT)];

function step(id: string, config: PretrainingConfig): Family {
  const parameters = fc.record({
    batch: fc.constantFrom(2, 3),
    visible: fc.constantFrom(1, 3, 4),
    draw: fc.nat({ max: 0xffff_ffff }),
  });
  return family(id, parameters, ({ batch, visible, draw }): Case => {
    const plan = trainingPlan(config, { batch, visible });
    const program = plan.programs.step as Program;
    const specs = new Map(plan.state.map((spec) => [spec.name, spec]));
    const runs = [0, 1].map((run): Named<HostTensor> => {
      const stream = new RandomStream({ seed: draw, stream: 'test', replicate: run });
      const tokens = Array.from({ length: batch }, () => tokenOrder(stream, visible));
      return Object.fromEntries(
        program.inputs.map((input) => {
          const data = dataOf(input, specs.get(input.name), tokens, stream);
          return [input.name, { dtype: input.dtype, shape: input.shape, data }];
        }),
      );
    });
    return programCase(program, runs);
  });
}

interface Tokens {
  readonly visible: readonly number[];
  readonly masked: readonly number[];
}

/** A random split of the tokens, each part ascending. */
function tokenOrder(stream: RandomStream, visible: number): Tokens {
  const order = Array.from({ length: TOKENS }, (_, token) => token);
  const kept = new Set<number>();
  while (kept.size < visible) kept.add(stream.integer(TOKENS));
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
