import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { featuresInMemory } from '../../evaluation/index.js';
import { train as trainTask } from '../loop.js';
import { maeProbeCase } from './fixtures/mae-probe-case.js';
import { judgeState, probePlan, probeTask } from './probe-task.js';

/** What `fixtures/make-mae-probe.py` made of it in PyTorch, with MAE's own LARS and schedule. */
interface Theirs {
  readonly losses: readonly number[];
  readonly rates: readonly number[];
  readonly weight: readonly number[];
  readonly bias: readonly number[];
  readonly running_mean: readonly number[];
  readonly running_variance: readonly number[];
  readonly train: { readonly clips: number; readonly top1: number; readonly top5: number };
  readonly test: { readonly clips: number; readonly top1: number; readonly top5: number };
}
const theirs = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'mae-probe.json'), 'utf8'),
) as Theirs;

it("MAE's linear probe ends as in PyTorch, to the digits that are printed", async () => {
  const { heads, settings, train, test } = maeProbeCase();
  const backend = await ONNX.open({ threads: 1 });
  try {
    const losses: number[] = [];
    const rates: number[] = [];
    const plan = probePlan(heads, settings);
    const { state } = await trainTask(
      { ...probeTask(heads, settings, plan, async () => []), evaluation: undefined },
      {
        backend,
        onEvent: (event) => {
          if (event.kind !== 'step') return;
          losses.push(event.metrics.loss ?? Number.NaN);
          rates.push(event.learningRate);
        },
      },
    );
    expect(rates).toEqual(theirs.rates);
    expect(losses.map((loss) => loss.toFixed(4))).toEqual(
      theirs.losses.map((loss) => loss.toFixed(4)),
    );
    for (const [name, values] of [
      ['weight', theirs.weight],
      ['bias', theirs.bias],
      ['norm.running_mean', theirs.running_mean],
      ['norm.running_variance', theirs.running_variance],
    ] as const) {
      const ours = state[name]?.data ?? [];
      expect(ours.length).toBe(values.length);
      values.forEach((value, i) => {
        expect(ours[i]).toBeCloseTo(value, 4);
      });
    }
    for (const [set, { clips, top1, top5 }] of [
      [train, theirs.train],
      [test, theirs.test],
    ] as const) {
      const [judged] = await judgeState(backend, state, heads, featuresInMemory(set));
      if (judged === undefined) throw new Error('there is one head');
      const hits = [judged.top1, judged.top5].map((each) =>
        each.reduce((sum, hit) => sum + hit, 0),
      );
      expect([set.labels.length, ...hits]).toEqual([clips, top1, top5]);
    }
    // Neither is trivial.
    expect(theirs.test.top1).toBeGreaterThan(theirs.test.clips / 5);
    expect(theirs.test.top1).toBeLessThan(theirs.test.top5);
  } finally {
    await backend.dispose();
  }
});
