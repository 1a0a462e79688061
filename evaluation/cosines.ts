import type { SimilarityRows } from '../spec/index.js';

/** Numbers of a matrix that is kept as a whole: 256 MiB. A larger one is computed again at each reading. */
const MOST_KEPT = 2 ** 26;

export interface CosineOptions {
  /** Numbers of a matrix that is kept as a whole. @defaultValue 2^26 */
  readonly mostKept?: number;
  /** Told of each text whose row was computed; where rows are not kept, of each reading anew. */
  readonly onRow?: (done: number) => void;
}

/** The cosines of texts with videos, from embeddings of length 1: [texts, videos] in single precision. */
export function cosines(
  texts: readonly Float32Array[],
  videos: readonly Float32Array[],
  { mostKept = MOST_KEPT, onRow = () => {} }: CosineOptions = {},
): SimilarityRows {
  const width = videos.length;
  const kept =
    texts.length * width <= mostKept ? new Float32Array(texts.length * width) : undefined;
  let filled = 0;
  const spare = new Float32Array(kept === undefined ? width : 0);
  return {
    texts: texts.length,
    videos: width,
    *rows() {
      for (const [index, text] of texts.entries()) {
        const row = kept?.subarray(index * width, (index + 1) * width) ?? spare;
        if (kept === undefined || index >= filled) {
          for (const [column, video] of videos.entries()) {
            let sum = 0;
            for (let i = 0; i < text.length; i++) sum += (text[i] as number) * (video[i] as number);
            row[column] = sum;
          }
          filled = index + 1;
          onRow(index + 1);
        }
        yield row;
      }
    },
  };
}
