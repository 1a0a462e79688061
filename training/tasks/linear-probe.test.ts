import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import type { LabelledFeatures } from '../../evaluation/index.js';
import { probabilityByChance, RandomStream } from '../../spec/index.js';
import { linearProbe } from './linear-probe.js';

const CLASSES = ['ash', 'birch', 'cedar', 'elm'];
const WIDTH = 8;

let backend: Backend;
beforeAll(async () => {
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
});

/**
 * The class is in features of size 1e-3 beside noise of size 1e3: only where each feature is brought
 * to the same size first can a few steps find it.
 */
function toySet(count: number, replicate: number, known = true): LabelledFeatures {
  const stream = new RandomStream({ seed: 1, stream: 'test', replicate });
  const values = new Float32Array(count * WIDTH);
  const labels = Array.from({ length: count }, (_, row) => {
    const label = stream.integer(CLASSES.length);
    for (let i = 0; i < WIDTH; i++) {
      const signal = known && i === label ? 1 : 0;
      values[row * WIDTH + i] =
        i < CLASSES.length ? 5 + 1e-3 * (signal + 0.05 * stream.normal()) : 1e3 * stream.normal();
    }
    return CLASSES[label] as string;
  });
  return { width: WIDTH, values, labels };
}

describe('a linear probe', () => {
  it('reads off classes that are there, whatever the sizes of the features', async () => {
    const result = await linearProbe(backend, toySet(200, 0), toySet(100, 1));
    expect(result.classes).toEqual(CLASSES);
    expect([result.trainTop1, result.top1, result.chance]).toEqual([1, 1, 0.25]);
    expect(result.majority).toBeLessThan(0.5);
  });

  it('does not read off classes that are not there', async () => {
    const test = toySet(400, 3, false);
    const { top1, majority } = await linearProbe(backend, toySet(200, 2, false), test);
    const most = Math.max(majority, 0.25);
    expect(probabilityByChance(400, Math.round(top1 * 400), most)).toBeGreaterThan(1e-6);
  });

  it('is a function of its seed', async () => {
    const few = { steps: 3 };
    const [train, test] = [toySet(50, 4), toySet(50, 5)];
    const first = await linearProbe(backend, train, test, few);
    expect(await linearProbe(backend, train, test, few)).toEqual(first);
    expect((await linearProbe(backend, train, test, { ...few, seed: 1 })).loss).not.toBe(
      first.loss,
    );
  });

  it('refuses sets that do not fit together', async () => {
    const set = toySet(10, 6);
    const wrong = (changes: Partial<LabelledFeatures>): LabelledFeatures => ({
      ...set,
      ...changes,
    });
    const probe = linearProbe(backend, set, wrong({ labels: set.labels.slice(1) }));
    await expect(probe).rejects.toThrow('features and labels do not fit together');
    const strange = wrong({ labels: set.labels.map(() => 'oak') });
    await expect(linearProbe(backend, set, strange)).rejects.toThrow('"oak"');
    await expect(linearProbe(backend, strange, strange)).rejects.toThrow('at least two classes');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -Number.POSITIVE_INFINITY, 1e30])(
    'names the clip whose features are %d, to learn from or to judge by',
    async (bad) => {
      const set = toySet(10, 6);
      const values = Float32Array.from(set.values);
      values[3 * WIDTH + 1] = bad;
      const ids = set.labels.map((_, row) => `${row}.mp4`);
      const broken = { ...set, values };
      const what = 'a feature of this clip is not finite, or too large to be squared; got';
      for (const [train, test, where] of [
        [{ ...broken, ids }, set, '3.mp4'],
        [set, { ...broken, ids }, '3.mp4'],
        [set, broken, `clip 4 of 10, of class "${set.labels[3]}"`],
      ] as const) {
        await expect(linearProbe(backend, train, test)).rejects.toThrow(`${where}: ${what}`);
      }
    },
  );
});
