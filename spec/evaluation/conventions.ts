import {
  type BothPlacements,
  bestOfEachVideo,
  type Placements,
  placementsOf,
  type SimilarityRows,
} from './placements.js';
import { fairScores, median } from './retrieval.js';
import { RightPairs } from './right-pairs.js';

/** One direction as a convention prints it. Recalls are in percent; ranks count from 1. */
export interface ConventionScores {
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Undefined where the code computes none. */
  readonly medianRank: number | undefined;
  readonly meanRank: number | undefined;
  /** Ranks that were averaged over: with CLIP4Clip's, ties make more of them than there are queries. */
  readonly ranks: number;
}

export interface ConventionResult {
  readonly textToVideo: ConventionScores;
  readonly videoToText: ConventionScores;
}

/** A way to turn a similarity matrix into numbers: the fair one, or that of a public code. */
export interface Convention {
  /** What people call it. */
  readonly title: string;
  /** How it treats ties, and what else sets it apart, in a sentence. */
  readonly rule: string;
  /** Why it cannot score these pairs; undefined where it can. */
  refuses(pairs: RightPairs): string | undefined;
  scores(matrix: SimilarityRows, pairs: RightPairs): ConventionResult;
}

const ONE_VIDEO = 'it knows one right video for a text, and here a text has several';

/** The names of the conventions, the fair one first. */
export const CONVENTION_NAMES = ['fair', 'frozen', 'clip4clip', 'open-clip', 'umt'] as const;
export type ConventionName = (typeof CONVENTION_NAMES)[number];

/**
 * The conventions by name. They read the same matrix and differ where similarities are equal, in what
 * a rank is counted over, and in rounding; without ties and with one caption a video, all agree.
 */
export const CONVENTIONS: Readonly<Record<ConventionName, Convention>> = {
  fair: {
    title: 'fair',
    rule: 'ties: expected over all orders of equals',
    refuses: () => undefined,
    scores: (matrix, pairs) => both(placementsOf(matrix, pairs), fair),
  },
  frozen: {
    title: 'Frozen in Time',
    rule: 'ties: text to video the right one first, video to text the mean place, the other right captions among the tied',
    refuses: ({ hasOneVideoEach }) => (hasOneVideoEach ? undefined : ONE_VIDEO),
    scores: (matrix, pairs) => {
      const { textToVideo, videoToText } = placementsOf(matrix, pairs);
      return {
        textToVideo: scoresOf(ranks(textToVideo, () => 0)),
        videoToText: scoresOf(
          ranks(
            videoToText,
            ({ tiedWrong, tiedRight }, i) => (at(tiedWrong, i) + at(tiedRight, i) - 1) / 2,
          ),
        ),
      };
    },
  },
  clip4clip: {
    title: 'CLIP4Clip',
    rule: 'ties: one caption a video: every equal place counts as a rank of its own, so that ties change what is divided by; several: for texts the lower index first (here by a stable sort), and videos rank the best captions of the videos',
    refuses: (pairs) => {
      if (!pairs.hasOneVideoEach) return ONE_VIDEO;
      return pairs.isOneToOne || isGrouped(pairs)
        ? undefined
        : 'it takes the captions of a video together, in the order of the videos, and here they are mixed';
    },
    scores: (matrix, pairs) => {
      const placed = placementsOf(matrix, pairs);
      if (pairs.isOneToOne) return both(placed, (each) => scoresOf(everyEqualPlace(each)));
      const groups = placementsOf(
        bestOfEachVideo(matrix, pairs),
        RightPairs.diagonal(pairs.videos),
      );
      return {
        textToVideo: torchScores(
          ranks(placed.textToVideo, ({ tiedBefore }, i) => at(tiedBefore, i)),
        ),
        videoToText: scoresOf(everyEqualPlace(groups.videoToText)),
      };
    },
  },
  'open-clip': {
    title: 'open_clip',
    rule: 'ties: the lower index first (its sort leaves their order open; here a stable one); the median is rounded down',
    refuses: (pairs) =>
      isDiagonal(pairs)
        ? undefined
        : 'it takes text i and video i for a pair, one caption a video in the same order',
    scores: (matrix, pairs) =>
      both(placementsOf(matrix, pairs), (each) => {
        const places = ranks(each, ({ tiedBefore }, i) => at(tiedBefore, i));
        return { ...scoresOf(places), medianRank: Math.floor(median(places)) + 1 };
      }),
  },
  umt: {
    title: 'UMT',
    rule: 'ties: the higher index first (its sort, turned round, leaves their order open; here a stable one); recalls are rounded to two digits',
    refuses: () => undefined,
    scores: (matrix, pairs) =>
      both(placementsOf(matrix, pairs), (each) => {
        const scores = scoresOf(ranks(each, ({ tiedAfter }, i) => at(tiedAfter, i)));
        return {
          ...scores,
          recallAt1: twoDigits(scores.recallAt1),
          recallAt5: twoDigits(scores.recallAt5),
          recallAt10: twoDigits(scores.recallAt10),
          medianRank: undefined,
          meanRank: undefined,
        };
      }),
  },
};

function both(
  { textToVideo, videoToText }: BothPlacements,
  scores: (placements: Placements) => ConventionScores,
): ConventionResult {
  return { textToVideo: scores(textToVideo), videoToText: scores(videoToText) };
}

function fair(placements: Placements): ConventionScores {
  const { recallAt1, recallAt5, recallAt10, medianRank, meanRank, queries } =
    fairScores(placements);
  return {
    recallAt1: 100 * recallAt1,
    recallAt5: 100 * recallAt5,
    recallAt10: 100 * recallAt10,
    medianRank,
    meanRank,
    ranks: queries,
  };
}

/** Ranks from 0: the wrong ones above, and what `ofTies` adds. */
function ranks(
  placements: Placements,
  ofTies: (placements: Placements, query: number) => number,
): Float64Array {
  return Float64Array.from(placements.higher, (above, query) => above + ofTies(placements, query));
}

/** A rank for every place that holds the right item's similarity: tied wrong ones make more of them. */
function everyEqualPlace({ higher, tiedWrong, tiedRight }: Placements): Float64Array {
  const places: number[] = [];
  higher.forEach((above, query) => {
    const tied = at(tiedWrong, query) + at(tiedRight, query);
    for (let place = 0; place < tied; place++) places.push(above + place);
  });
  return Float64Array.from(places);
}

/** In percent as 100 count / n, in double; the mean of ranks from 0, and 1 added. */
function scoresOf(places: Float64Array): ConventionScores {
  const percent = (k: number): number => (100 * below(places, k)) / places.length;
  return {
    recallAt1: percentAt1(places),
    recallAt5: percent(5),
    recallAt10: percent(10),
    medianRank: median(places) + 1,
    meanRank: sum(places) / places.length + 1,
    ranks: places.length,
  };
}

/** The first place must be 0 itself: a mean place of 1/2 is not. */
function percentAt1(places: Float64Array): number {
  return (100 * places.filter((place) => place === 0).length) / places.length;
}

/** As PyTorch divides whole numbers, in single precision; its median is the lower of the middle two. */
function torchScores(places: Float64Array): ConventionScores {
  const percent = (k: number): number => Math.fround((100 * below(places, k)) / places.length);
  const n = places.length;
  return {
    recallAt1: percent(1),
    recallAt5: percent(5),
    recallAt10: percent(10),
    medianRank: (places.toSorted()[Math.floor((n - 1) / 2)] as number) + 1,
    meanRank: (sum(places) + n) / n,
    ranks: n,
  };
}

function below(places: Float64Array, k: number): number {
  return places.filter((place) => place < k).length;
}

function sum(places: Float64Array): number {
  return places.reduce((total, place) => total + place, 0);
}

function at(counts: Int32Array, index: number): number {
  return counts[index] as number;
}

/** Rounded to two digits, an exact half to the even one, as Python does. */
function twoDigits(value: number): number {
  const isHalf = (value * 200) % 2 === 1 && (value * 8) % 1 === 0;
  if (!isHalf) return Number(value.toFixed(2));
  const down = Math.floor(value * 100);
  return (down % 2 === 0 ? down : down + 1) / 100;
}

function isDiagonal(pairs: RightPairs): boolean {
  if (!pairs.isOneToOne) return false;
  for (let text = 0; text < pairs.texts; text++) {
    if (pairs.videosOf(text)[0] !== text) return false;
  }
  return true;
}

/** Whether the captions of a video lie together, in the order of the videos. */
function isGrouped(pairs: RightPairs): boolean {
  let last = 0;
  for (let text = 0; text < pairs.texts; text++) {
    const video = pairs.videosOf(text)[0] as number;
    if (video < last) return false;
    last = video;
  }
  return true;
}
