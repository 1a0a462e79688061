import { LacunaError } from '../../spec/index.js';
import type { IndexedVideo, VideoIndex } from './video-index.js';

/** A video that was found, by its best segment. */
export interface SearchHit {
  readonly video: IndexedVideo;
  /** Its place in the index. */
  readonly index: number;
  /** The segment's frames: `first` and those up to `end`, without it. */
  readonly first: number;
  readonly end: number;
  /** Cosine of the text and the segment. */
  readonly similarity: number;
}

/** First frame of part `i` of `count` equal parts: floor(frames i / count). */
export function segmentStart(frames: number, i: number, count: number): number {
  return Math.floor((frames * i) / count);
}

/**
 * The videos whose best segment is most like a text: every segment is compared, products are added up
 * in float64, and of equals the earlier one comes first.
 *
 * @param query [width], of length 1.
 * @param top How many videos at most.
 * @throws LacunaError for a vector of another width, or one that is not finite.
 */
export function searchIndex(
  { videos, vectors, width }: Pick<VideoIndex, 'videos' | 'vectors' | 'width'>,
  query: Float32Array,
  top: number,
): readonly SearchHit[] {
  if (query.length !== width || !query.every(Number.isFinite)) {
    throw new LacunaError({
      where: 'the embedding of the text',
      what: 'it cannot be compared with the index',
      got: `${query.length} numbers${query.every(Number.isFinite) ? '' : ', not all finite'}`,
      expected: `${width} finite numbers`,
    });
  }
  // Widened once: the loop then converts half as many numbers.
  const wide = Float64Array.from(query);
  const best: SearchHit[] = [];
  let row = 0;
  for (const [index, video] of videos.entries()) {
    let [similarity, segment] = [Number.NEGATIVE_INFINITY, 0];
    for (let i = 0; i < video.segments; i++, row++) {
      const product = dot(vectors, row * width, wide);
      if (product > similarity) [similarity, segment] = [product, i];
    }
    const last = best.at(-1);
    if (best.length === top && last !== undefined && similarity <= last.similarity) continue;
    const first = segmentStart(video.frames, segment, video.segments);
    const end = segmentStart(video.frames, segment + 1, video.segments);
    const at = best.findIndex((hit) => hit.similarity < similarity);
    best.splice(at < 0 ? best.length : at, 0, { video, index, first, end, similarity });
    if (best.length > top) best.pop();
  }
  return best;
}

/** Four sums at once: they do not wait for each other. */
function dot(rows: Float32Array, start: number, query: Float64Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = query.length - (query.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += (rows[start + i] as number) * (query[i] as number);
    b += (rows[start + i + 1] as number) * (query[i + 1] as number);
    c += (rows[start + i + 2] as number) * (query[i + 2] as number);
    d += (rows[start + i + 3] as number) * (query[i + 3] as number);
  }
  for (let i = whole; i < query.length; i++) {
    a += (rows[start + i] as number) * (query[i] as number);
  }
  return a + b + (c + d);
}
