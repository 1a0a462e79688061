import { placesPerSlot, tokenCount } from './grid.js';
import type { MaskKind } from './kind.js';
import { maskRandomly } from './mask-randomly.js';

/** One random set of places, masked in every slot. */
export const tube: MaskKind = {
  per: 'slot',
  shared: true,
  rounding: 'floor-masked',
  ratio: 0.9,
  source: 'VideoMAE, whose generator computes int(ratio * places)',
  draw({ grid, count, stream }) {
    const flags = new Uint8Array(tokenCount(grid));
    const places = placesPerSlot(grid);
    maskRandomly(flags.subarray(0, places), count, stream);
    for (let slot = 1; slot < grid.slots; slot++) flags.copyWithin(slot * places, 0, places);
    return flags;
  },
};
