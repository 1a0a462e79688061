import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CONVENTION_NAMES,
  CONVENTIONS,
  type ConventionName,
  type ConventionScores,
} from './conventions.js';
import { matrixRows } from './placements.js';
import { RightPairs } from './right-pairs.js';

/** What a public code prints of one direction: recalls in percent, open_clip's as shares. */
interface Printed {
  readonly R1: number;
  readonly R5: number;
  readonly R10: number;
  readonly MedR?: number;
  readonly MnR?: number;
  readonly ranks: number;
}

interface FrozenCase {
  readonly kind: string;
  readonly videos: number;
  readonly pairs: readonly (readonly [number, number])[];
  readonly rows: readonly (readonly number[])[];
  readonly found: Readonly<Record<string, { readonly t2v: Printed; readonly v2t: Printed }>>;
}

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'conventions.json'), 'utf8'),
) as readonly FrozenCase[];

function read({ rows, videos, pairs }: FrozenCase): [ReturnType<typeof matrixRows>, RightPairs] {
  const matrix = matrixRows(Float64Array.from(rows.flat()), rows.length, videos);
  return [matrix, RightPairs.of(pairs, rows.length, videos)];
}

/** Ours as that code prints it. */
function printed(name: string, scores: ConventionScores): Printed {
  const { recallAt1, recallAt5, recallAt10, medianRank, meanRank, ranks } = scores;
  // A share is the count over n; ours is 100 times the count over n, and the count is whole.
  const unit = (percent: number): number =>
    name === 'open-clip' ? Math.round((percent * ranks) / 100) / ranks : percent;
  return {
    R1: unit(recallAt1),
    R5: unit(recallAt5),
    R10: unit(recallAt10),
    ...(medianRank === undefined ? {} : { MedR: medianRank }),
    ...(meanRank === undefined ? {} : { MnR: meanRank }),
    ranks,
  };
}

describe('the conventions of public codes', () => {
  it.each([
    ['frozen', 150],
    ['clip4clip', 150],
    ['open-clip', 50],
    ['umt', 200],
  ] as const)('%s: to the last digit on %i matrices with ties', (name, count) => {
    let judged = 0;
    for (const each of cases) {
      const expected = each.found[name];
      if (expected === undefined) continue;
      const { textToVideo, videoToText } = CONVENTIONS[name].scores(...read(each));
      expect(
        { t2v: printed(name, textToVideo), v2t: printed(name, videoToText) },
        `case ${cases.indexOf(each)}`,
      ).toEqual(expected);
      judged += 1;
    }
    expect(judged).toBe(count);
  });

  it('refuse the pairs that they know nothing of, and no others', () => {
    for (const each of cases) {
      const [, pairs] = read(each);
      const able = CONVENTION_NAMES.filter(
        (name) => CONVENTIONS[name].refuses(pairs) === undefined,
      );
      // By chance a class may have one video each, in order: then more codes know it.
      expect(able).toEqual(expect.arrayContaining(['fair', ...Object.keys(each.found)]));
      if (each.kind === 'ragged') expect(able).not.toContain('open-clip');
      if (!pairs.hasOneVideoEach) expect(able).toEqual(['fair', 'umt']);
    }
  });

  it('say why: CLIP4Clip takes captions that lie together', () => {
    const mixed = RightPairs.ofTexts([0, 1, 0], 2);
    expect(CONVENTIONS.clip4clip.refuses(mixed)).toMatch(/captions of a video together/);
    expect(CONVENTIONS['open-clip'].refuses(RightPairs.ofTexts([1, 0], 2))).toMatch(
      /text i and video i/,
    );
    const several = RightPairs.of(
      [
        [0, 0],
        [0, 1],
      ],
      1,
      2,
    );
    expect(CONVENTIONS.frozen.refuses(several)).toMatch(/one right video/);
  });

  it('agree on a matrix without ties and with one caption a video', () => {
    const values = Float64Array.from(
      { length: 144 },
      (_, i) => Math.imul(i + 1, 0x9e3779b1) % 100_003,
    );
    const matrix = matrixRows(values, 12, 12);
    const pairs = RightPairs.diagonal(12);
    const all = CONVENTION_NAMES.map((name) => CONVENTIONS[name].scores(matrix, pairs));
    for (const { textToVideo } of all) {
      expect(textToVideo.recallAt5).toBeCloseTo(
        (all[0] as (typeof all)[0]).textToVideo.recallAt5,
        2,
      );
    }
  });

  it('differ on a constant matrix, of which nothing can be learned', () => {
    const matrix = matrixRows(new Float32Array(100), 10, 10);
    const r1 = (name: ConventionName): number =>
      CONVENTIONS[name].scores(matrix, RightPairs.diagonal(10)).textToVideo.recallAt1;
    expect(CONVENTION_NAMES.map((name) => [name, r1(name)])).toEqual([
      ['fair', expect.closeTo(10, 12)],
      ['frozen', 100],
      ['clip4clip', 10],
      ['open-clip', 10],
      ['umt', 10],
    ]);
  });

  it('refuse NaN and infinities, by row and column, wherever they stand', () => {
    for (const each of cases) {
      const [, pairs] = read(each);
      const values = Float64Array.from(each.rows.flat());
      const place = (each.videos * 7 + each.rows.length) % values.length;
      values[place] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][
        place % 3
      ] as number;
      const matrix = matrixRows(values, each.rows.length, each.videos);
      const where = `row ${Math.floor(place / each.videos)}, column ${place % each.videos} of [texts, videos]`;
      for (const name of CONVENTION_NAMES) {
        expect(() => CONVENTIONS[name].scores(matrix, pairs)).toThrow(where);
      }
    }
  });
});
