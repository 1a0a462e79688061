import { exp } from '../numeric/exp.js';
import type { SimilarityRows } from './placements.js';

/**
 * The matrices of both directions under the dual softmax, each similarity times its share among all
 * *queries* (InternVideo's, without a temperature):
 *
 *     text to video: s[t, v] exp(s[t, v]) / sum over t' of exp(s[t', v])
 *     video to text: s[t, v] exp(s[t, v]) / sum over v' of exp(s[t, v'])
 *
 * It sees all queries at once, and that each has its own item; a search has one query. Its
 * numbers are of another protocol.
 */
export function dualSoftmax(matrix: SimilarityRows): {
  readonly textToVideo: SimilarityRows;
  readonly videoToText: SimilarityRows;
} {
  const { texts, videos } = matrix;
  // The largest similarity is taken off first, or the exponential of a logit overflows.
  const top = new Float64Array(videos).fill(Number.NEGATIVE_INFINITY);
  for (const row of matrix.rows()) {
    for (let video = 0; video < videos; video++) {
      top[video] = Math.max(top[video] as number, row[video] as number);
    }
  }
  const ofVideo = new Float64Array(videos);
  for (const row of matrix.rows()) {
    for (let video = 0; video < videos; video++) {
      const grown = exp((row[video] as number) - (top[video] as number));
      ofVideo[video] = (ofVideo[video] as number) + grown;
    }
  }
  const weighed = (
    shares: (row: Float32Array | Float64Array, into: Float64Array) => void,
  ): SimilarityRows => ({
    texts,
    videos,
    *rows() {
      const result = new Float64Array(videos);
      for (const row of matrix.rows()) {
        shares(row, result);
        for (let video = 0; video < videos; video++) {
          result[video] = (result[video] as number) * (row[video] as number);
        }
        yield result;
      }
    },
  });
  return {
    textToVideo: weighed((row, into) => {
      for (let video = 0; video < videos; video++) {
        into[video] =
          exp((row[video] as number) - (top[video] as number)) / (ofVideo[video] as number);
      }
    }),
    videoToText: weighed((row, into) => {
      let highest = Number.NEGATIVE_INFINITY;
      for (const value of row) highest = Math.max(highest, value);
      let sum = 0;
      for (let video = 0; video < videos; video++) {
        into[video] = exp((row[video] as number) - highest);
        sum += into[video] as number;
      }
      for (let video = 0; video < videos; video++) into[video] = (into[video] as number) / sum;
    }),
  };
}
