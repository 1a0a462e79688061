import { LacunaError } from '../errors.js';
import type { RandomStream } from './stream.js';

/**
 * A uniform permutation of 0 ... n - 1, by Fisher and Yates from the front: for i = 0, 1, ...
 * swap item i with item i + integer(n - i).
 */
export function shuffle(stream: RandomStream, n: number): Int32Array {
  return partialShuffle(stream, n, n);
}

/**
 * k distinct integers of 0 ... n - 1, ascending, each set equally likely: the first k items of the
 * shuffle, sorted. The set for a smaller k at the same address is contained in that for a larger.
 */
export function choose(stream: RandomStream, n: number, k: number): Int32Array {
  return partialShuffle(stream, n, k).subarray(0, k).sort();
}

/** Items 0 ... n - 1, of which the first k have been shuffled into place. */
function partialShuffle(stream: RandomStream, n: number, k: number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n > 0x7fff_ffff) {
    throw new LacunaError({
      what: 'the number of items to draw from is out of bounds',
      got: String(n),
      expected: 'an integer in [0, 2^31)',
    });
  }
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new LacunaError({
      what: 'the number of items to draw is out of bounds',
      got: String(k),
      expected: `an integer in [0, ${n}]`,
    });
  }
  const items = new Int32Array(n);
  for (let i = 0; i < n; i++) items[i] = i;
  for (let i = 0; i < k; i++) {
    const j = i + stream.integer(n - i);
    const item = items[i] as number;
    items[i] = items[j] as number;
    items[j] = item;
  }
  return items;
}
