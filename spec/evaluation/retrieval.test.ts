import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dualSoftmax } from './dual-softmax.js';
import { matrixRows, placementsOf, type SimilarityRows } from './placements.js';
import { expectedRanks, fairScores, type RetrievalScores, retrievalScores } from './retrieval.js';
import { RightPairs } from './right-pairs.js';

type Input = [matrix: SimilarityRows, pairs: RightPairs];

/** One text a video, in order. */
function paired(rows: readonly (readonly number[])[]): Input {
  return [
    matrixRows(Float64Array.from(rows.flat()), rows.length, rows.length),
    RightPairs.diagonal(rows.length),
  ];
}

/** One video a text. */
function owned(values: readonly number[], videoOfText: readonly number[], videos: number): Input {
  const pairs = RightPairs.ofTexts(videoOfText, videos);
  return [matrixRows(Float64Array.from(values), videoOfText.length, videos), pairs];
}

describe('retrievalScores', () => {
  it('ranks by hand-counted places in both directions', () => {
    const { textToVideo, videoToText } = retrievalScores(
      ...paired([
        [9, 1, 2], // rank 0
        [5, 4, 3], // rank 1
        [7, 8, 6], // rank 2
      ]),
    );
    expect(textToVideo).toMatchObject({ queries: 3, gallery: 3, medianRank: 2, meanRank: 2 });
    expect(textToVideo.recallAt1).toBeCloseTo(1 / 3, 15);
    expect(textToVideo.recallAt5).toBe(1);
    // Columns: 9 5 7 -> rank 0; 1 4 8 -> rank 1; 2 3 6 -> rank 0.
    expect(videoToText.recallAt1).toBeCloseTo(2 / 3, 15);
    expect(videoToText).toMatchObject({ medianRank: 1 });
    expect(videoToText.meanRank).toBeCloseTo(4 / 3, 15);
  });

  it('takes the mean of the middle two ranks as the median of an even number', () => {
    const { textToVideo } = retrievalScores(
      ...paired([
        [2, 1],
        [2, 1],
      ]),
    );
    expect(textToVideo.medianRank).toBe(1.5);
  });

  it('counts half of the ties', () => {
    const average = retrievalScores(
      ...paired([
        [1, 1, 1],
        [0, 5, 9],
        [0, 0, 5],
      ]),
    ).textToVideo;
    expect(average.meanRank).toBeCloseTo(1 + (1 + 1 + 0) / 3, 15);
    expect(average.recallAt1).toBeCloseTo((1 / 3 + 0 + 1) / 3, 15);
  });

  it('gives a collapsed model exactly chance, also with several captions a video', () => {
    const videoOfText = [0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 6];
    const scores = retrievalScores(...owned(new Array(77).fill(0.25), videoOfText, 7));
    for (const way of [scores.textToVideo, scores.videoToText]) {
      expect(way.recallAt1).toBeCloseTo(way.chanceAt1, 14);
      expect(way.recallAt5).toBeCloseTo(way.chanceAt5, 14);
      expect(way.recallAt10).toBeCloseTo(way.chanceAt10, 14);
    }
    expect(scores.textToVideo.chanceAt1).toBeCloseTo(1 / 7, 14);
    expect(scores.textToVideo.meanRank).toBe(4);
  });

  it('takes the best caption of a video, and lets its captions not compete with each other', () => {
    const scores = retrievalScores(...owned([3, 0, 3, 0, 1, 2, 0, 3], [0, 0, 0, 1], 2));
    expect(scores.videoToText.recallAt1).toBe(1);
    expect(scores.videoToText.meanRank).toBe(1);
  });

  it('takes any of several right videos for a text, as class names have them', () => {
    const pairs = RightPairs.of(
      [
        [0, 0],
        [0, 2],
        [1, 1],
      ],
      2,
      3,
    );
    const scores = retrievalScores(matrixRows(Float64Array.of(1, 5, 9, 4, 3, 2), 2, 3), pairs);
    expect(scores.textToVideo).toMatchObject({ queries: 2, recallAt1: 0.5, meanRank: 1.5 });
    expect(scores.videoToText).toMatchObject({ queries: 3, gallery: 2, recallAt1: 1 / 3 });
  });

  it('is perfect in a gallery of one', () => {
    const { textToVideo } = retrievalScores(...paired([[-1]]));
    expect(textToVideo).toMatchObject({ recallAt1: 1, medianRank: 1, meanRank: 1, chanceAt1: 1 });
  });

  it('turns round with the matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (n, seed) => {
        const value = (i: number, j: number): number => Math.imul(i * 31 + j + 1, seed | 1) & 7;
        const rows = Array.from({ length: n }, (_, i) =>
          Array.from({ length: n }, (_, j) => value(i, j)),
        );
        const turned = rows.map((_, i) => rows.map((row) => row[i] as number));
        const a = retrievalScores(...paired(rows));
        const b = retrievalScores(...paired(turned));
        expect(a).toEqual({ textToVideo: b.videoToText, videoToText: b.textToVideo });
      }),
    );
  });

  it('refuses what would make a wrong score: NaN, wrong sizes, videos without text', () => {
    const broken = Float64Array.of(1, 0, Number.NaN, 1);
    const two = RightPairs.diagonal(2);
    expect(() => retrievalScores(matrixRows(broken, 2, 2), two)).toThrow(/text 1, video 0.*NaN/);
    expect(() => matrixRows(new Float64Array(4), 2, 3)).toThrow(/4 values for 2 texts and 3/);
    expect(() => matrixRows(new Float32Array(0), 0, 0)).toThrow(/at least one of each/);
    expect(() => retrievalScores(matrixRows(new Float32Array(6), 3, 2), two)).toThrow(
      /3 texts and 2 videos, expected 2 texts and 2 videos/,
    );
    expect(() => RightPairs.ofTexts([0, 0], 2)).toThrow(/video 1: .* no text/);
    expect(() => RightPairs.ofTexts([0, 2], 2)).toThrow(/video that is not there; got 2/);
    expect(() =>
      RightPairs.of(
        [
          [0, 0],
          [2, 1],
        ],
        2,
        2,
      ),
    ).toThrow(/text that is not there; got 2/);
    expect(() =>
      RightPairs.of(
        [
          [0, 0],
          [0, 1],
        ],
        2,
        2,
      ),
    ).toThrow(/text 1: .* no video/);
    expect(() =>
      RightPairs.of(
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
        2,
        2,
      ),
    ).toThrow(/named twice/);
  });
});

/** All orders of the items. */
function* orders(items: readonly number[]): Generator<readonly number[]> {
  if (items.length === 0) return yield [];
  for (const [index, first] of items.entries()) {
    for (const rest of orders(items.toSpliced(index, 1))) yield [first, ...rest];
  }
}

/** The mean over all tie orders, by listing them: the rank, and whether it is below 1, 5, 10. */
function byListing(values: readonly number[], right: ReadonlySet<number>): readonly number[] {
  const sums = [0, 0, 0, 0];
  let count = 0;
  for (const order of orders(values.map((_, index) => index))) {
    const descending = order.every((item, place) => {
      const before = order[place - 1];
      return before === undefined || (values[before] as number) >= (values[item] as number);
    });
    if (!descending) continue;
    count += 1;
    const first = order.findIndex((item) => right.has(item)); // only wrong ones come before it
    sums[0] = (sums[0] as number) + first;
    [1, 5, 10].forEach((k, at) => {
      if (first < k) sums[at + 1] = (sums[at + 1] as number) + 1;
    });
  }
  return sums.map((sum) => sum / count);
}

describe('the fair rank', () => {
  it('is the mean over all orders of equals, listed one by one', () => {
    const small = fc.record({
      texts: fc.integer({ min: 1, max: 6 }),
      videos: fc.integer({ min: 1, max: 6 }),
      levels: fc.integer({ min: 1, max: 3 }),
      draws: fc.array(fc.nat(), { minLength: 72, maxLength: 72 }),
    });
    fc.assert(
      fc.property(small, ({ texts, videos, levels, draws }) => {
        const value = (i: number): number => (draws[i] as number) % levels;
        const rows = Array.from({ length: texts }, (_, t) =>
          Array.from({ length: videos }, (_, v) => value(t * videos + v)),
        );
        const right = new Map<string, [number, number]>();
        const add = (t: number, v: number): void => void right.set(`${t} ${v}`, [t, v]);
        for (let t = 0; t < texts; t++) add(t, (draws[36 + t] as number) % videos);
        for (let v = 0; v < videos; v++) add((draws[42 + v] as number) % texts, v);
        const all = [...right.values()];
        const pairs = RightPairs.of(all, texts, videos);
        const placed = placementsOf(
          matrixRows(Float64Array.from(rows.flat()), texts, videos),
          pairs,
        );
        const listed = {
          textToVideo: rows.map((row, t) =>
            byListing(row, new Set(all.flatMap(([text, video]) => (text === t ? [video] : [])))),
          ),
          videoToText: Array.from({ length: videos }, (_, v) =>
            byListing(
              rows.map((row) => row[v] as number),
              new Set(all.flatMap(([text, video]) => (video === v ? [text] : []))),
            ),
          ),
        };
        for (const way of ['textToVideo', 'videoToText'] as const) {
          const expected = listed[way];
          const mean = (at: number): number =>
            expected.reduce((sum, each) => sum + (each[at] as number), 0) / expected.length;
          const ranks = expectedRanks(placed[way]);
          expected.forEach(([rank], query) => {
            expect(ranks[query]).toBeCloseTo(rank as number, 12);
          });
          const scores: RetrievalScores = fairScores(placed[way]);
          expect(scores.meanRank).toBeCloseTo(mean(0) + 1, 12);
          expect(scores.recallAt1).toBeCloseTo(mean(1), 12);
          expect(scores.recallAt5).toBeCloseTo(mean(2), 12);
          expect(scores.recallAt10).toBeCloseTo(mean(3), 12);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('dualSoftmax', () => {
  it('weighs by the share among the queries of each direction, also where exponentials overflow', () => {
    const rows = [
      [1, 2],
      [0, 3],
      [1, -1],
    ];
    for (const shift of [0, 5000]) {
      const given = Float64Array.from(rows.flat(), (value) => value + shift);
      const { textToVideo, videoToText } = dualSoftmax(matrixRows(given, 3, 2));
      const read = (matrix: SimilarityRows): number[][] =>
        Array.from(matrix.rows(), (row) => [...row]);
      const e = Math.exp;
      const columns = [0, 1].map((v) => rows.reduce((sum, row) => sum + e(row[v] as number), 0));
      rows.forEach((row, t) => {
        const total = row.reduce((sum, value) => sum + e(value), 0);
        row.forEach((value, v) => {
          const scale = value + shift;
          const byText = (scale * e(value)) / (columns[v] as number);
          expect(read(textToVideo)[t]?.[v]).toBeCloseTo(byText, 9);
          expect(read(videoToText)[t]?.[v]).toBeCloseTo((scale * e(value)) / total, 9);
        });
      });
    }
  });
});
