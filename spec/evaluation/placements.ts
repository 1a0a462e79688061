import { LacunaError } from '../errors.js';
import type { RightPairs } from './right-pairs.js';

/**
 * A similarity matrix [texts, videos], read row by row, from the first to the last, as often as needed:
 * it need not lie in memory as a whole. A row that was yielded may be used again for the next.
 */
export interface SimilarityRows {
  readonly texts: number;
  readonly videos: number;
  rows(): Iterable<Float32Array | Float64Array>;
}

/**
 * Where the best right item of each query stands, in whole numbers: all that any convention of ranks
 * is computed from. Right items beside the best one never count as before it.
 */
export interface Placements {
  readonly queries: number;
  readonly gallery: number;
  /** Wrong items with a higher similarity than the best right one. */
  readonly higher: Int32Array;
  /** Wrong items with the same similarity. */
  readonly tiedWrong: Int32Array;
  /** Right items with the same similarity, itself included. */
  readonly tiedRight: Int32Array;
  /** Of the tied wrong ones those of a lower index than the first tied right one. */
  readonly tiedBefore: Int32Array;
  /** Of the tied wrong ones those of a higher index than the last tied right one. */
  readonly tiedAfter: Int32Array;
  /** Right items in the gallery. */
  readonly right: Int32Array;
}

export interface BothPlacements {
  /** Queries are texts. */
  readonly textToVideo: Placements;
  /** Queries are videos. */
  readonly videoToText: Placements;
}

/** A matrix that lies in memory, row by row. */
export function matrixRows(
  values: Float32Array | Float64Array,
  texts: number,
  videos: number,
): SimilarityRows {
  if (texts === 0 || videos === 0 || values.length !== texts * videos) {
    throw new LacunaError({
      what: 'the similarity matrix does not fit its texts and videos',
      got: `${values.length} values for ${texts} texts and ${videos} videos`,
      expected: 'texts x videos values, at least one of each',
    });
  }
  return {
    texts,
    videos,
    *rows() {
      for (let text = 0; text < texts; text++) {
        yield values.subarray(text * videos, (text + 1) * videos);
      }
    },
  };
}

/**
 * The placements of both directions, in two readings of the matrix: the first finds the best right
 * similarity of each query, the second counts what stands above it and beside it. The memory is that
 * of a few numbers a text and a video.
 *
 * @throws LacunaError where sizes disagree, or a similarity is not finite: a NaN stands nowhere in an
 * order, and codes that sort it anyway score on it.
 */
export function placementsOf(matrix: SimilarityRows, pairs: RightPairs): BothPlacements {
  const { texts, videos } = matrix;
  if (texts !== pairs.texts || videos !== pairs.videos) {
    throw new LacunaError({
      what: 'the similarity matrix and the right pairs are of different sizes',
      got: `a matrix of ${texts} texts and ${videos} videos`,
      expected: `${pairs.texts} texts and ${pairs.videos} videos`,
    });
  }
  const bestOfText = new Float64Array(texts).fill(Number.NEGATIVE_INFINITY);
  const bestOfVideo = new Float64Array(videos).fill(Number.NEGATIVE_INFINITY);
  let text = 0;
  for (const row of matrix.rows()) {
    requireFinite(row, text);
    for (const video of pairs.videosOf(text)) {
      const value = row[video] as number;
      bestOfText[text] = Math.max(bestOfText[text] as number, value);
      bestOfVideo[video] = Math.max(bestOfVideo[video] as number, value);
    }
    text += 1;
  }
  const ofTexts = new Counter(texts);
  const ofVideos = new Counter(videos);
  const isRight = new Uint8Array(videos);
  text = 0;
  for (const row of matrix.rows()) {
    const right = pairs.videosOf(text);
    for (const video of right) isRight[video] = 1;
    const best = bestOfText[text] as number;
    for (let video = 0; video < videos; video++) {
      const value = row[video] as number;
      const isPair = isRight[video] === 1;
      if (value >= best) ofTexts.count(text, value > best, isPair);
      const bestHere = bestOfVideo[video] as number;
      if (value >= bestHere) ofVideos.count(video, value > bestHere, isPair);
    }
    for (const video of right) isRight[video] = 0;
    text += 1;
  }
  const videosOfText = Int32Array.from({ length: texts }, (_, each) => pairs.videosOf(each).length);
  return {
    textToVideo: ofTexts.placements(videos, videosOfText),
    videoToText: ofVideos.placements(texts, pairs.textsOfVideo),
  };
}

/**
 * The rows of the best caption of each video: [videos, videos], for texts that lie together, video
 * after video.
 */
export function bestOfEachVideo(matrix: SimilarityRows, pairs: RightPairs): SimilarityRows {
  const { videos } = matrix;
  return {
    texts: videos,
    videos,
    *rows() {
      let current = new Float64Array(videos).fill(Number.NEGATIVE_INFINITY);
      let owner = 0;
      let text = 0;
      for (const row of matrix.rows()) {
        const video = pairs.videosOf(text)[0] as number;
        if (video !== owner) {
          yield current;
          current = new Float64Array(videos).fill(Number.NEGATIVE_INFINITY);
          owner = video;
        }
        for (let each = 0; each < videos; each++) {
          current[each] = Math.max(current[each] as number, row[each] as number);
        }
        text += 1;
      }
      yield current;
    },
  };
}

/** Counts items of each query as they come, in the order of their indices. */
class Counter {
  readonly #queries: number;
  readonly #higher: Int32Array;
  readonly #tiedWrong: Int32Array;
  readonly #tiedRight: Int32Array;
  readonly #tiedBefore: Int32Array;
  readonly #tiedAfter: Int32Array;

  constructor(queries: number) {
    this.#queries = queries;
    this.#higher = new Int32Array(queries);
    this.#tiedWrong = new Int32Array(queries);
    this.#tiedRight = new Int32Array(queries);
    this.#tiedBefore = new Int32Array(queries);
    this.#tiedAfter = new Int32Array(queries);
  }

  count(query: number, isHigher: boolean, isRight: boolean): void {
    if (isHigher) {
      add(this.#higher, query);
    } else if (!isRight) {
      add(this.#tiedWrong, query);
      add(this.#tiedAfter, query);
    } else {
      if (this.#tiedRight[query] === 0) {
        this.#tiedBefore[query] = this.#tiedWrong[query] as number;
      }
      add(this.#tiedRight, query);
      this.#tiedAfter[query] = 0;
    }
  }

  placements(gallery: number, right: Int32Array): Placements {
    return {
      queries: this.#queries,
      gallery,
      higher: this.#higher,
      tiedWrong: this.#tiedWrong,
      tiedRight: this.#tiedRight,
      tiedBefore: this.#tiedBefore,
      tiedAfter: this.#tiedAfter,
      right,
    };
  }
}

function add(counts: Int32Array, index: number): void {
  counts[index] = (counts[index] as number) + 1;
}

function requireFinite(row: Float32Array | Float64Array, text: number): void {
  const bad = row.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new LacunaError({
    what: 'a similarity is not finite',
    where: `text ${text}, video ${bad} (row ${text}, column ${bad} of [texts, videos], counted from 0)`,
    got: String(row[bad]),
    fix: 'The embedding of this text or of this video is broken: look at both first. A score over it would mean nothing.',
  });
}
