import type { MaskKind } from './kind.js';
import { maskExtremes } from './mask-extremes.js';

/** The places of each slot that move most are masked. No random draw. */
export const motionGuided: MaskKind = {
  per: 'slot',
  map: 'motion',
  rounding: 'floor-masked',
  ratio: 0.75,
  source:
    'MGM as TGM describes it ("mask the patches with highest motion"); its rule is not public',
  draw: ({ grid, count, map }) => maskExtremes(grid, map, count, 'highest'),
};
