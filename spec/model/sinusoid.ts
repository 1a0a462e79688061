import { LacunaError } from '../errors.js';
import { pow } from '../numeric/pow.js';
import { cos, sin } from '../numeric/trigonometry.js';

/**
 * The fixed position table [tokens, width] of VideoMAE, over the flattened token index n (not
 * separable in time, row and column): angle(n, j) = n / 10000^(2 floor(j / 2) / width); even j holds
 * its sine, odd j its cosine. Float32 roundings of the spec's own sin, cos and pow.
 *
 * Source: VideoMAE `get_sinusoid_encoding_table`; Hugging Face VideoMAE is identical.
 * @throws LacunaError if a side is not a positive integer, or the table has over 2^28 values.
 */
export function sinusoidTable(tokens: number, width: number): Float32Array {
  if (
    !(Number.isInteger(tokens) && Number.isInteger(width) && tokens > 0 && width > 0) ||
    tokens > 1_000_000 ||
    tokens * width > 2 ** 28
  ) {
    throw new LacunaError({
      what: 'the size of a sinusoid table is out of bounds',
      got: `${tokens} tokens x ${width} values`,
      expected: 'positive integers, at most 10^6 tokens and 2^28 values',
    });
  }
  const table = new Float32Array(tokens * width);
  for (let j = 0; j < width; j++) {
    const period = pow(10000, (2 * Math.floor(j / 2)) / width);
    const wave = j % 2 === 0 ? sin : cos;
    for (let n = 0; n < tokens; n++) table[n * width + j] = wave(n / period);
  }
  return table;
}
