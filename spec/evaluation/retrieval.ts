import { chanceRecall } from './chance.js';
import { type Placements, placementsOf, type SimilarityRows } from './placements.js';
import type { RightPairs } from './right-pairs.js';

/** Retrieval in one direction. Shares are in [0, 1]. */
export interface RetrievalScores {
  readonly queries: number;
  readonly gallery: number;
  /** The share of queries whose right item is among the first 1, 5, 10. */
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Counted from 1: the median of the expected ranks (mean of the middle two) plus 1. */
  readonly medianRank: number;
  /** Counted from 1. */
  readonly meanRank: number;
  /** What a random order reaches on average at 1, 5, 10. */
  readonly chanceAt1: number;
  readonly chanceAt5: number;
  readonly chanceAt10: number;
}

/** Text-to-video and video-to-text retrieval, scored fairly: see `fairScores`. */
export function retrievalScores(
  matrix: SimilarityRows,
  pairs: RightPairs,
): {
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
} {
  const { textToVideo, videoToText } = placementsOf(matrix, pairs);
  return { textToVideo: fairScores(textToVideo), videoToText: fairScores(videoToText) };
}

/**
 * The expected rank of each query's best right item, counted from 0, under a uniformly random order of
 * equal similarities: higher + tiedWrong / (tiedRight + 1).
 *
 * With w wrong and r right items tied, every order of the w + r is as likely. A wrong item comes before
 * all r right ones in a share of 1 / (r + 1) of the orders, since among these r + 1 items each is as
 * often the first. There are w wrong ones, and expectations add. Right items never compete with each other.
 */
export function expectedRanks({ higher, tiedWrong, tiedRight }: Placements): Float64Array {
  return Float64Array.from(
    higher,
    (above, query) => above + (tiedWrong[query] as number) / ((tiedRight[query] as number) + 1),
  );
}

/**
 * What does not depend on the order in which equals happen to come. Recall@k is the share of queries
 * with a right item among the first k, on average over all orders of the tied items:
 *
 *     P(rank < k) = 1 - C(w, m) / C(w + r, m),  m = k - higher  (0 where m <= 0)
 *
 * since the first m of the tied items are a random set of m, which misses all r right ones in C(w, m) of
 * C(w + r, m) cases. The mean rank is the mean of the expected ranks, so the expectation of the
 * mean; the median is that of the expected ranks. A model whose embeddings have collapsed to one point
 * scores exactly chance.
 */
export function fairScores(placements: Placements): RetrievalScores {
  const { queries, gallery, higher, tiedWrong, tiedRight, right } = placements;
  const ranks = expectedRanks(placements);
  const mean = (of: (query: number) => number): number => {
    let sum = 0;
    for (let query = 0; query < queries; query++) sum += of(query);
    return sum / queries;
  };
  const recall = (k: number): number =>
    mean((query) => {
      const ours = tiedRight[query] as number;
      return chanceRecall((tiedWrong[query] as number) + ours, ours, k - (higher[query] as number));
    });
  const chance = (k: number): number =>
    mean((query) => chanceRecall(gallery, right[query] as number, k));
  return {
    queries,
    gallery,
    recallAt1: recall(1),
    recallAt5: recall(5),
    recallAt10: recall(10),
    medianRank: median(ranks) + 1,
    meanRank: mean((query) => ranks[query] as number) + 1,
    chanceAt1: chance(1),
    chanceAt5: chance(5),
    chanceAt10: chance(10),
  };
}

/** The middle of the values, or the mean of the middle two. */
export function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
