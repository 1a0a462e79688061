import { choose } from '../random/shuffle.js';
import type { RandomStream } from '../random/stream.js';

/**
 * Sets `count` flags at random. Drawn are the tokens that stay visible, mostly the fewer: flags not
 * in choose(stream, flags.length, flags.length - count).
 */
export function maskRandomly(flags: Uint8Array, count: number, stream: RandomStream): void {
  flags.fill(1);
  for (const n of choose(stream, flags.length, flags.length - count)) flags[n] = 0;
}
