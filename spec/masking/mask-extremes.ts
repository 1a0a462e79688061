import { choose } from '../random/shuffle.js';
import type { RandomStream } from '../random/stream.js';
import { type Grid, placesPerSlot, tokenCount } from './grid.js';
import type { MaskMap } from './kind.js';

/**
 * Flags the `count` places of each slot whose values are the highest (or the lowest). Among equal
 * values the lower index is flagged first, or any by draws from `ties`, slot after slot.
 */
export function maskExtremes(
  grid: Grid,
  map: MaskMap,
  count: number,
  which: 'highest' | 'lowest',
  ties?: RandomStream,
): Uint8Array {
  const flags = new Uint8Array(tokenCount(grid));
  if (count === 0) return flags;
  const places = placesPerSlot(grid);
  for (let start = 0; start < flags.length; start += places) {
    const values = map.subarray(start, start + places);
    const sorted = values.slice().sort();
    const threshold = sorted[which === 'highest' ? places - count : count - 1] as number;
    let left = count;
    const equal: number[] = [];
    for (let i = 0; i < places; i++) {
      const value = values[i] as number;
      if (which === 'highest' ? value > threshold : value < threshold) {
        flags[start + i] = 1;
        left--;
      } else if (value === threshold) equal.push(i);
    }
    const chosen = ties === undefined ? equal.keys() : choose(ties, equal.length, left);
    for (const at of chosen) {
      if (left-- > 0) flags[start + (equal[at] as number)] = 1;
    }
  }
  return flags;
}
