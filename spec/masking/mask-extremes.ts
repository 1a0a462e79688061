import { type Grid, placesPerSlot, tokenCount } from './grid.js';
import type { MaskMap } from './kind.js';

/**
 * Flags the `count` places of each slot whose values are the highest (or the lowest); among equal
 * values the lower index is flagged first.
 */
export function maskExtremes(
  grid: Grid,
  map: MaskMap,
  count: number,
  which: 'highest' | 'lowest',
): Uint8Array {
  const flags = new Uint8Array(tokenCount(grid));
  if (count === 0) return flags;
  const places = placesPerSlot(grid);
  for (let start = 0; start < flags.length; start += places) {
    const values = map.subarray(start, start + places);
    const sorted = values.slice().sort();
    const threshold = sorted[which === 'highest' ? places - count : count - 1] as number;
    let ties = count;
    for (let i = 0; i < places; i++) {
      const value = values[i] as number;
      if (which === 'highest' ? value > threshold : value < threshold) {
        flags[start + i] = 1;
        ties--;
      }
    }
    for (let i = 0; ties > 0; i++) {
      if (values[i] === threshold) {
        flags[start + i] = 1;
        ties--;
      }
    }
  }
  return flags;
}
