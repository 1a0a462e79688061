import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RetrievalInput, retrievalScores } from './retrieval.js';

/** One text a video, in order. */
function paired(rows: readonly (readonly number[])[]): RetrievalInput {
  return {
    similarity: Float64Array.from(rows.flat()),
    videoOfText: Int32Array.from(rows, (_, i) => i),
    videos: rows.length,
  };
}

describe('retrievalScores', () => {
  it('ranks by hand-counted places in both directions', () => {
    const { textToVideo, videoToText } = retrievalScores(
      paired([
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
      paired([
        [2, 1],
        [2, 1],
      ]),
    );
    expect(textToVideo.medianRank).toBe(1.5);
  });

  it('counts half of the ties by default, and none when optimistic', () => {
    const input = paired([
      [1, 1, 1],
      [0, 5, 9],
      [0, 0, 5],
    ]);
    const average = retrievalScores(input).textToVideo;
    expect(average.meanRank).toBeCloseTo(1 + (1 + 1 + 0) / 3, 15);
    expect(average.recallAt1).toBeCloseTo((1 / 3 + 0 + 1) / 3, 15);
    const optimistic = retrievalScores({ ...input, ties: 'optimistic' }).textToVideo;
    expect(optimistic.meanRank).toBeCloseTo(1 + (0 + 1 + 0) / 3, 15);
    expect(optimistic.recallAt1).toBeCloseTo(2 / 3, 15);
  });

  it('gives a collapsed model exactly chance, also with several captions a video', () => {
    const videos = 7;
    const videoOfText = Int32Array.from([0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 6]);
    const similarity = new Float32Array(videos * videoOfText.length).fill(0.25);
    const scores = retrievalScores({ similarity, videoOfText, videos });
    for (const way of [scores.textToVideo, scores.videoToText]) {
      expect(way.recallAt1).toBeCloseTo(way.chanceAt1, 14);
      expect(way.recallAt5).toBeCloseTo(way.chanceAt5, 14);
      expect(way.recallAt10).toBeCloseTo(way.chanceAt10, 14);
    }
    expect(scores.textToVideo.chanceAt1).toBeCloseTo(1 / 7, 14);
    expect(scores.textToVideo.meanRank).toBe(4);
  });

  it('takes the best caption of a video, and lets its captions not compete with each other', () => {
    const scores = retrievalScores({
      similarity: Float64Array.from([3, 0, 3, 0, 1, 2, 0, 3]),
      videoOfText: Int32Array.of(0, 0, 0, 1),
      videos: 2,
    });
    expect(scores.videoToText.recallAt1).toBe(1);
    expect(scores.videoToText.meanRank).toBe(1);
  });

  it('is perfect in a gallery of one', () => {
    const { textToVideo } = retrievalScores(paired([[-1]]));
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
        const a = retrievalScores(paired(rows));
        const b = retrievalScores(paired(turned));
        expect(a).toEqual({ textToVideo: b.videoToText, videoToText: b.textToVideo });
      }),
    );
  });

  it('refuses what would make a wrong score: NaN, wrong sizes, videos without text', () => {
    const good = paired([
      [1, 0],
      [0, 1],
    ]);
    const broken = Float64Array.of(1, 0, Number.NaN, 1);
    expect(() => retrievalScores({ ...good, similarity: broken })).toThrow(/text 1, video 0.*NaN/);
    expect(() => retrievalScores({ ...good, videos: 3 })).toThrow(/4 values for 2 texts and 3/);
    const same = Int32Array.of(0, 0);
    expect(() => retrievalScores({ ...good, videoOfText: same })).toThrow(/video 1: .* no text/);
    const beyond = Int32Array.of(0, 2);
    expect(() => retrievalScores({ ...good, videoOfText: beyond })).toThrow(
      /no video of the gallery/,
    );
    const none = { similarity: new Float32Array(0), videoOfText: new Int32Array(0), videos: 0 };
    expect(() => retrievalScores(none)).toThrow(/at least one of each/);
  });
});
