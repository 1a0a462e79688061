import { describe, expect, it } from 'vitest';
import {
  ATTENTION_GRAD,
  add,
  attention,
  exp,
  GELU_GRAD,
  gelu,
  gridOf,
  type ModelConfig,
  maskCounts,
  matmul,
  mul,
  neg,
  ProgramBuilder,
  presetNamed,
  reshape,
  type Value,
} from '../../spec/index.js';
import type { MemoryHabits } from '../backend.js';
import type { Plan } from '../plan/plan.js';
import { trainingPlan } from '../plan/training-plan.js';
import { planMemory } from './plan-memory.js';

const PLAIN: MemoryHabits = {
  device: 'own',
  donated: 'in place',
  between: 'freed',
  fuses: false,
  whole: [],
};

/** One program of x [16, 16] f32, 1 KiB, with `y` as its metric. */
function planOf(make: (x: Value) => Value, recompute = false): Plan {
  const builder = new ProgramBuilder('test');
  builder.output('y', make(builder.input('x', 'f32', [16, 16], 'data')));
  const calls = [{ program: 'test', repeat: 3 }];
  return { programs: { test: builder.finish() }, calls, state: [], scratch: [], recompute };
}

const between = (
  make: (x: Value) => Value,
  habits: Partial<MemoryHabits> = {},
  recompute = false,
): number => planMemory(planOf(make, recompute), { ...PLAIN, ...habits }).between / 1024;

describe('what lies between operations', () => {
  it('is what still has a reader', () => {
    // a product: its result and the operand made for it
    expect(between((x) => matmul(matmul(x, x), x))).toBe(2);
    expect(between((x) => matmul(matmul(matmul(x, x), x), x))).toBe(2);
    expect(
      between((x) => {
        const first = matmul(x, x);
        return matmul(matmul(matmul(first, x), x), first);
      }),
    ).toBe(3);
  });

  it('shares a place where a value is reshaped, and where an elementwise one ends an operand', () => {
    expect(between((x) => exp(exp(exp(matmul(x, x)))))).toBe(1);
    expect(between((x) => reshape(reshape(matmul(x, x), [256]), [16, 16]))).toBe(1);
    expect(
      between((x) => {
        const product = matmul(x, x);
        return add(exp(product), product);
      }),
    ).toBe(2);
  });

  it('has the scores of attention but where composites are whole, or sequences long', () => {
    const attend = (x: Value): Value => {
      const [q, k, v] = [1, 2, 3].map((factor) => reshape(mul(x, factor), [1, 1, 64, 4])) as [
        Value,
        Value,
        Value,
      ];
      return attention(q, k, v, { scale: 0.5 });
    };
    const stored = between(attend);
    expect(between(attend, { whole: ['attention'] })).toBe(4);
    expect(between(attend, { streamsFrom: 64 })).toBe(4);
    expect(between(attend, { streamsFrom: 65 })).toBe(stored);
    // 64 x 64 scores are 16 KiB.
    expect(stored).toBeGreaterThan(16);
  });

  it('has gradients of the scores of long sequences, at most so many bytes', () => {
    const gradient = (x: Value): Value => {
      const head = reshape(x, [1, 1, 64, 4]);
      const operands = [head, head, head, head, head];
      return x.builder.call(ATTENTION_GRAD, operands, { scale: 0.5 })[0] as Value;
    };
    const own = between(gradient, { streamsFrom: 64 });
    expect(between(gradient, { streamsFrom: 64, scoreBytes: 2 ** 20 })).toBe(own + 16);
    expect(between(gradient, { streamsFrom: 64, scoreBytes: 2 ** 12 })).toBe(own + 4);
  });

  it('has what is made again for its gradient, if that is asked for, only from there on', () => {
    const layer = (x: Value): Value => {
      const hidden = matmul(x, x);
      const y = gelu(hidden);
      const dy = matmul(matmul(matmul(y, x), x), x);
      const [gradient] = x.builder.call(GELU_GRAD, [hidden, dy], {});
      return matmul(y, gradient as Value);
    };
    const habits = { whole: ['gelu', 'gelu_grad'], recomputes: ['gelu'] };
    expect(between(layer, habits)).toBe(4);
    expect(between(layer, habits, true)).toBe(3);
  });

  it('has no elementwise value that is computed where it is read', () => {
    const sum = (x: Value): Value => add(mul(exp(x), neg(x)), x);
    expect(between(sum)).toBe(2);
    expect(between(sum, { fuses: true })).toBe(1);
    // What a product reads is written, what is made of it alone is not.
    expect(between((x) => matmul(add(matmul(x, x), x), x), { fuses: true })).toBe(2);
  });
});

describe('the data of the batch', () => {
  it('is held by the caller whole, and on the device for one call', () => {
    const { host, fed, peak } = planMemory(
      planOf((x) => matmul(x, x)),
      PLAIN,
    );
    expect([host, fed, peak]).toEqual([3072, 1024, 2048]);
    const onHost = planMemory(
      planOf((x) => matmul(x, x)),
      { ...PLAIN, device: 'machine' },
    );
    expect(onHost.peak).toBe(2048 + 3072);
  });
});

describe("TGM's step of 512 clips, 16 x 224 x 224, ViT-B", () => {
  const { video, encoder, decoder, mask, contrastive } = presetNamed('tgm-vitb-k400');
  const config: ModelConfig = {
    video,
    encoder,
    mae: { decoder },
    contrastive: { ...contrastive, text: { frozen: true, width: 512 } },
  };
  const { visible } = maskCounts(mask, gridOf(video));
  /** What is sold as 24 GB. */
  const CARD = 24e9;
  const peaks = (habits: MemoryHabits, parts: readonly number[]): readonly number[] =>
    parts.map((microbatches) => {
      const plan = trainingPlan(config, { batch: 512, visible }, { microbatches });
      return planMemory(plan, habits).peak;
    });

  it('fits a card of 24 GB in 64 parts, 8 clips at a time, where values lie in place', () => {
    const between = 'kept' as const;
    const habits = { ...PLAIN, between, fuses: true, streamsFrom: 1024, packing: 2 };
    const [whole = 0, parts = 0] = peaks(habits, [1, 64]);
    expect(whole).toBeGreaterThan(10 * CARD);
    expect(parts).toBeLessThan(CARD);
  });

  it('fits it in 32 parts, 16 clips at a time, where composites are whole and state is written beside', () => {
    const whole = ['adamw', 'gelu', 'gelu_grad', 'layer_norm', 'softmax'];
    const habits = { ...PLAIN, donated: 'beside', between: 'kept', whole } as const;
    const [most = 0, parts = 0] = peaks(habits, [16, 32]);
    expect(most).toBeGreaterThan(CARD);
    expect(parts).toBeLessThan(CARD);
  });
});
