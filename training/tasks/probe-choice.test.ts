import { describe, expect, it } from 'vitest';
import { featuresInMemory } from '../../evaluation/index.js';
import { choiceOf, choiceSets, writtenChoice } from './probe-choice.js';

const setOf = (labels: readonly string[]) =>
  featuresInMemory({
    width: 1,
    values: Float32Array.from(labels, (_, index) => index),
    labels,
  });

describe('the clips that a head is chosen by', () => {
  it('are every fifth of each class, and of a small class the last; the rest is learned from', async () => {
    const labels = [...'abababababaabbbb', 'c', 'c', 'c', 'd'];
    const { learn, choose } = choiceSets(setOf(labels));
    const values = async (set: typeof learn): Promise<readonly number[]> => [
      ...(await set.rows(set.labels.map((_, place) => place))),
    ];
    // Of a the places 0 2 4 6 8 10 11, of b 1 3 5 7 9 12 13 14 15, of c 16 17 18, of d 19.
    expect(await values(choose)).toEqual([8, 9, 18]);
    expect(choose.labels).toEqual(['a', 'b', 'c']);
    expect([...(await values(learn)), ...(await values(choose))].sort((x, y) => x - y)).toEqual(
      labels.map((_, place) => place),
    );
  });

  it('are missing where no class has two clips', () => {
    expect(() => choiceSets(setOf(['a', 'b', 'c']))).toThrow(
      /no class has a clip to choose by; got 3 clips of 3 classes.*one --learning-rate and one --decay/,
    );
  });
});

describe('a choice', () => {
  it('is the best, of equals the first, and tells how far the candidates lie apart', () => {
    expect(choiceOf([0.25, 0.75, 0.5, 0.75])).toEqual({
      shares: [0.25, 0.75, 0.5, 0.75],
      chosen: 1,
      highest: 0.75,
      lowest: 0.25,
      mean: 0.5625,
      deviation: Math.sqrt((0.3125 ** 2 + 2 * 0.1875 ** 2 + 0.0625 ** 2) / 3),
    });
    expect(choiceOf([0.5]).deviation).toBe(0);
  });

  it('is read from the last line of its step, or refused', () => {
    const line = (step: number, scores: Readonly<Record<string, number>>) => ({
      ...{ step, evaluator: 'choice', scores },
    });
    const lines = [
      line(4, { 'candidate.0': 1, 'candidate.1': 0 }),
      line(8, { 'candidate.0': 0.25, 'candidate.1': 0.5 }),
    ];
    expect(writtenChoice(lines, 8, 2, 'x').chosen).toBe(1);
    for (const [step, count] of [
      [9, 2],
      [8, 3],
    ] as const) {
      expect(() => writtenChoice(lines, step, count, 'x')).toThrow(
        'x: what the candidates were worth is not written in this folder',
      );
    }
  });
});
