import { placesPerSlot, tokenCount } from './grid.js';
import type { MaskKind } from './kind.js';
import { maskRandomly } from './mask-randomly.js';

/** A new random set of places for each slot, drawn slot after slot; equal counts. MAC's per-frame mask. */
export const randomPerSlot: MaskKind = {
  per: 'slot',
  rounding: 'floor-masked',
  ratio: 0.6,
  source: "VideoMAE's issue 52 gives int(ratio * places); the ratio is derived from MAC's cost",
  draw({ grid, count, stream }) {
    const flags = new Uint8Array(tokenCount(grid));
    const places = placesPerSlot(grid);
    for (let slot = 0; slot < grid.slots; slot++) {
      maskRandomly(flags.subarray(slot * places, (slot + 1) * places), count, stream);
    }
    return flags;
  },
};
