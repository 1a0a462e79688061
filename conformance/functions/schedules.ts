import fc from 'fast-check';
import { DECAYS, WARMUPS } from '../../spec/optim/schedule.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers } from './exact.js';
import { exactCase } from './integer-functions.js';

// A type and no interface: parameters of cases are plain data, which interfaces do not promise.
export type RateDrawn = {
  readonly peak: number;
  /** Over the peak. */
  readonly minimum: number;
  /** Warm-up steps and all steps. */
  readonly steps: readonly [number, number];
  readonly warmup: (typeof WARMUPS)[number];
  readonly decay: (typeof DECAYS)[number];
  readonly shares: readonly [number, number];
  readonly factor: number;
  readonly draw: number;
};

/** The steps where something changes, and some others. */
export function rateCase(drawn: RateDrawn): Case {
  const { peak, minimum, steps, warmup, decay, shares, factor, draw: seed } = drawn;
  const [warmupSteps, total] = steps;
  const stream = new RandomStream({ seed, stream: 'test' });
  const edges = [0, warmupSteps, total, ...shares.map((share) => Math.round(share * total))];
  const near = edges.flatMap((step) => [step - 1, step, step + 1]);
  const others = Array.from({ length: 6 }, () => stream.integer(total));
  const asked = [...near, ...others].filter((step) => step >= 0 && step < total);
  const attributes = {
    ...{ peak, minimum: peak * minimum, warmup_steps: warmupSteps, total_steps: total },
    ...{ warmup, decay, first: shares[0], second: shares[1], factor },
  };
  return exactCase({ function: 'optim.rate', attributes }, [{ steps: integers(asked) }]);
}

/** The corrections of the first updates, and of some that come later. */
export function correctionCase({ beta, draw: seed }: { beta: number; draw: number }): Case {
  const stream = new RandomStream({ seed, stream: 'test' });
  const later = [100, 10_000, 2 ** 31 - 1].flatMap((most) => [
    1 + stream.integer(most),
    1 + stream.integer(most),
  ]);
  const updates = integers([1, 2, 3, 4, ...later]);
  return exactCase({ function: 'optim.correction', attributes: { beta } }, [{ updates }]);
}

export const SCHEDULE_FAMILIES: readonly Family[] = [
  family(
    'function/optim.rate',
    fc.record({
      peak: fc.constantFrom(1.5e-4, 3e-5, 1, 0.1),
      minimum: fc.constantFrom(0, 0.01, 0.3),
      // None, one step, and two; runs of 10 steps to 800 epochs; a warm-up that is the whole run.
      steps: fc.constantFrom([0, 10], [1, 7], [2, 25], [40, 800], [9, 9], [6000, 120_001]),
      warmup: fc.constantFrom(...WARMUPS),
      decay: fc.constantFrom(...DECAYS),
      shares: fc.constantFrom([0.6, 0.8], [0.5, 0.75], [0.1, 0.99], [0.3, 0.7]),
      factor: fc.constantFrom(0.1, 0.5),
      draw,
    }) as fc.Arbitrary<RateDrawn>,
    rateCase,
    { level: 3, clauses: ['optim.rate'] },
  ),
  family(
    'function/optim.correction',
    fc.record({ beta: fc.constantFrom(0, 0.9, 0.95, 0.98, 0.999), draw }),
    correctionCase,
    { level: 3, clauses: ['optim.correction'] },
  ),
];
