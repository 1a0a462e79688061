import { LacunaError } from '../errors.js';
import { chanceRecall } from './chance.js';

/**
 * How equal similarities count.
 * - `average` (default): as the mean over all orders of the tied items. A model whose embeddings
 *   have collapsed to one point scores exactly chance.
 * - `optimistic`: the right item comes first (Frozen-in-Time's text-to-video figures).
 */
export type TieRule = 'average' | 'optimistic';

/** Retrieval in one direction. Shares are in [0, 1]. */
export interface RetrievalScores {
  readonly queries: number;
  readonly gallery: number;
  /** The share of queries whose right item is among the first 1, 5, 10. */
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Counted from 1: the median of the ranks (mean of the middle two) plus 1. */
  readonly medianRank: number;
  /** Counted from 1. */
  readonly meanRank: number;
  /** What a random order reaches on average at 1, 5, 10. */
  readonly chanceAt1: number;
  readonly chanceAt5: number;
  readonly chanceAt10: number;
}

/** A similarity matrix, and which video each text belongs to. */
export interface RetrievalInput {
  /** [texts, videos], row by row; finite. */
  readonly similarity: Float32Array | Float64Array;
  /** For each text, the index of its video. Every video has at least one text. */
  readonly videoOfText: Int32Array;
  readonly videos: number;
  /** @defaultValue 'average' */
  readonly ties?: TieRule;
}

/**
 * Text-to-video and video-to-text retrieval. The rank of the right item counts from 0:
 * #(wrong items with a higher similarity) + #(tied wrong items) / 2, or without the ties if
 * `optimistic`. A video with several captions takes the best of them; its own captions never compete
 * with each other (r tied right and w tied wrong items add w / (r + 1)). Recall@k is the share of
 * ranks below k; with ties and `average`, its mean over the orders of the tied items.
 *
 * @throws LacunaError if sizes disagree, a similarity is not finite, or a video has no text.
 */
export function retrievalScores(input: RetrievalInput): {
  readonly textToVideo: RetrievalScores;
  readonly videoToText: RetrievalScores;
} {
  requireInput(input);
  const { similarity, videoOfText, videos, ties = 'average' } = input;
  const texts = videoOfText.length;

  const forward = Array.from(videoOfText, (right, text) => {
    const row = similarity.subarray(text * videos, (text + 1) * videos);
    return place(row, (video) => video === right);
  });
  const column = new Float64Array(texts);
  const backward = Array.from({ length: videos }, (_, video) => {
    for (let text = 0; text < texts; text++) {
      column[text] = similarity[text * videos + video] as number;
    }
    return place(column, (text) => videoOfText[text] === video);
  });
  return {
    textToVideo: score(forward, videos, ties),
    videoToText: score(backward, texts, ties),
  };
}

/** Where the best right item of a query stands. */
interface Placement {
  /** Wrong items before it. */
  readonly higher: number;
  /** Wrong and right items beside it, itself included. */
  readonly tiedWrong: number;
  readonly tiedRight: number;
  /** Right items in the gallery. */
  readonly right: number;
}

function place(
  similarity: Float32Array | Float64Array,
  isRight: (item: number) => boolean,
): Placement {
  let best = Number.NEGATIVE_INFINITY;
  let right = 0;
  for (let item = 0; item < similarity.length; item++) {
    if (!isRight(item)) continue;
    right++;
    best = Math.max(best, similarity[item] as number);
  }
  let higher = 0;
  let tiedWrong = 0;
  let tiedRight = 0;
  for (let item = 0; item < similarity.length; item++) {
    const value = similarity[item] as number;
    if (value < best) continue;
    if (isRight(item)) tiedRight++;
    else if (value > best) higher++;
    else tiedWrong++;
  }
  return { higher, tiedWrong, tiedRight, right };
}

function score(placements: readonly Placement[], gallery: number, ties: TieRule): RetrievalScores {
  const counted = ties === 'average' ? placements : placements.map((p) => ({ ...p, tiedWrong: 0 }));
  const ranks = counted.map((p) => p.higher + p.tiedWrong / (p.tiedRight + 1));
  ranks.sort((a, b) => a - b);
  const middle = Math.floor(ranks.length / 2);
  const upper = ranks[middle] as number;
  const median = ranks.length % 2 === 1 ? upper : (upper + (ranks[middle - 1] as number)) / 2;
  const recall = (k: number): number =>
    mean(
      counted.map(({ higher, tiedWrong, tiedRight }) =>
        chanceRecall(tiedWrong + tiedRight, tiedRight, k - higher),
      ),
    );
  const chance = (k: number): number =>
    mean(counted.map(({ right }) => chanceRecall(gallery, right, k)));
  return {
    queries: ranks.length,
    gallery,
    recallAt1: recall(1),
    recallAt5: recall(5),
    recallAt10: recall(10),
    medianRank: median + 1,
    meanRank: mean(ranks) + 1,
    chanceAt1: chance(1),
    chanceAt5: chance(5),
    chanceAt10: chance(10),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function requireInput({ similarity, videoOfText, videos }: RetrievalInput): void {
  const texts = videoOfText.length;
  if (texts === 0 || videos === 0 || similarity.length !== texts * videos) {
    throw new LacunaError({
      what: 'the similarity matrix does not fit its texts and videos',
      got: `${similarity.length} values for ${texts} texts and ${videos} videos`,
      expected: 'texts x videos values, at least one of each',
    });
  }
  const bad = similarity.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new LacunaError({
      what: 'a similarity is not finite',
      where: `text ${Math.floor(bad / videos)}, video ${bad % videos}`,
      got: String(similarity[bad]),
      fix: 'The embeddings of this text or video are broken: look at them first.',
    });
  }
  const captions = new Int32Array(videos);
  for (const [text, video] of videoOfText.entries()) {
    if (video < 0 || video >= videos) {
      throw new LacunaError({
        what: 'a text belongs to no video of the gallery',
        where: `text ${text}`,
        got: `video ${video}`,
        expected: `an index in [0, ${videos})`,
      });
    }
    captions[video] = (captions[video] as number) + 1;
  }
  const silent = captions.indexOf(0);
  if (silent >= 0) {
    throw new LacunaError({
      what: 'a video of the gallery has no text',
      where: `video ${silent}`,
      fix: 'Leave it out of the gallery, or give it a caption.',
    });
  }
}
