import { describe, expect, it } from 'vitest';
import { CONTRACTS } from '../../spec/contracts/index.js';
import type { StateSpec } from '../../spec/index.js';
import type { Finding } from '../check.js';
import { judgeFloat32 } from './judge-float32.js';
import { judgeFloat64 } from './judge-float64.js';
import { VIDEOMAE_B } from './oracle-model.js';
import type { Judged, OracleRecord } from './oracle-record.js';
import {
  ORACLE_RATE,
  ORACLE_STEPS,
  type OracleRun,
  type RanStep,
  type Samples,
} from './run-oracle.js';

const COUNT = 64;
const WEIGHT: StateSpec = {
  name: 'w',
  shape: [8, 8],
  role: 'parameter',
  init: { kind: 'constant', value: 0 },
  decay: true,
};
/** What legal runs are off by, beside gradients near 1. */
const DEVIATION = 1e-7;

interface Mistakes {
  /** Added to one sample of the first gradient. */
  readonly gradient?: number;
  /** Factor of the norm of a gradient: what lies between the samples. */
  readonly norm?: number;
  readonly decay?: number;
  /** The step whose second moment stays as it was. */
  readonly staleAt?: number;
}

/** Three steps of one matrix, each operation rounded by `round`. */
function steps(round: (x: number) => number, mistakes: Mistakes = {}): OracleRun {
  const { gradient = 0, norm = 1, decay = 0.05, staleAt } = mistakes;
  const { beta1, beta2, eps } = VIDEOMAE_B.optimizer;
  const start = Float64Array.from({ length: COUNT }, (_, i) => round(0.04 * Math.sin(i)));
  const ran: RanStep[] = [];
  let [p, m, v] = [start, new Float64Array(COUNT), new Float64Array(COUNT)];
  for (let t = 1; t <= ORACLE_STEPS; t++) {
    const g = start.map((_, i) =>
      round(Math.cos(3 * i + t / 9) + (i === 5 && t === 1 ? gradient : 0)),
    );
    const old = v;
    m = m.map((each, i) =>
      round(round(each * round(beta1)) + round((g[i] ?? 0) * round(1 - beta1))),
    );
    v = v.map((each, i) =>
      round(round(each * round(beta2)) + round(round((g[i] ?? 0) ** 2) * round(1 - beta2))),
    );
    if (staleAt === t) v = old;
    const [c1, c2] = [round(1 - beta1 ** t), round(1 - beta2 ** t)];
    const kept = round(1 - round(ORACLE_RATE * round(decay)));
    p = p.map((each, i) => {
      const root = round(round(Math.sqrt(v[i] ?? 0)) * round(1 / round(Math.sqrt(c2))));
      const first = round((m[i] ?? 0) * round(ORACLE_RATE / c1));
      return round(round(each * kept) - round(first / round(root + round(eps))));
    });
    const after: Samples = { p, m, v };
    ran.push({
      metrics: { loss: round(2 - t / 4), grad_norm: round(Math.hypot(...g)) },
      gradients: new Map([['w', g]]),
      norms: new Map([['w', norm * Math.hypot(...g)]]),
      after: new Map([['w', after]]),
    });
  }
  const zeros = new Float64Array(COUNT);
  return {
    parameters: [WEIGHT],
    start: new Map([['w', { p: start, m: zeros, v: zeros }]]),
    steps: ran,
    statistics: new Map(),
    compileSeconds: 0,
  };
}

const exact = steps((x) => x);
const record: OracleRecord = (() => {
  const [first] = exact.steps;
  const judged = (value: number, deviation = DEVIATION): Judged => ({ value, deviation });
  const before = exact.start.get('w')?.p ?? [];
  const end = exact.steps.at(-1)?.after.get('w')?.p ?? [];
  return {
    metrics: new Map(
      ['loss', 'grad_norm'].map((name) => [
        name,
        exact.steps.map(({ metrics }) => judged(metrics[name] ?? 0)),
      ]),
    ),
    norms: new Map([['w', first?.norms.get('w') ?? 0]]),
    deviations: new Map([['w', DEVIATION]]),
    gradients: new Map([['w', Array.from(first?.gradients.get('w') ?? [], (g) => judged(g))]]),
    changes: new Map([
      ['w', { values: Array.from(end, (p, i) => p - (before[i] ?? 0)), deviation: 1e-9 }],
    ]),
    statistics: new Map(),
    runs: [8, 8, 8],
    degrees: 100,
  };
})();

const float32 = (mistakes?: Mistakes, contract: 'f32-ieee' | 'f32-flush' = 'f32-ieee'): Finding =>
  judgeFloat32(VIDEOMAE_B, steps(Math.fround, mistakes), record, CONTRACTS[contract]).finding('x');

describe('a float32 run', () => {
  it('passes where every operation is rounded', () => {
    const { verdict, elements, undecided } = float32();
    expect(verdict).toBe('pass');
    // Gradients, their change, six metrics, two norms, and three numbers a sample in each of three updates.
    expect(elements).toBe(COUNT + 1 + 6 + 2 + 9 * COUNT);
    expect(undecided).toBe(0);
    expect(float32({}, 'f32-flush').verdict).toBe('pass');
  });

  it.each<[string, Mistakes, RegExp]>([
    ['one gradient is off by 20 deviations', { gradient: 20 * DEVIATION }, /deviations of 8 legal/],
    ['a gradient is off between the samples', { norm: 1 + 1e-4 }, /deviations of 8 legal/],
    ['nothing decays', { decay: 0 }, /update \d|deviations/],
    ['a second moment stays, in the last step', { staleAt: 3 }, /update 3/],
  ])('fails where %s', (_, mistakes, what) => {
    const { verdict, failure } = float32(mistakes);
    expect(verdict).toBe('fail');
    expect(failure?.what).toMatch(what);
  });
});

describe('a float64 run', () => {
  it('passes where it is the same, and fails a thousandth of float32 away', () => {
    expect(judgeFloat64(exact, record).finding('x').verdict).toBe('pass');
    const off = steps((x) => x, { gradient: 1e-6 });
    expect(judgeFloat64(off, record).finding('x').verdict).toBe('fail');
    expect(
      judgeFloat64(
        steps((x) => x, { norm: 1 + 1e-8 }),
        record,
      ).finding('x').verdict,
    ).toBe('fail');
  });
});
