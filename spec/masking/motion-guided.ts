import type { MaskKind } from './kind.js';
import { maskExtremes } from './mask-extremes.js';

/**
 * The places of each slot that move most are masked. Where most of a picture stands still, many are
 * equal: which of them are masked too is drawn, or it would always be the upper rows.
 */
export const motionGuided: MaskKind = {
  per: 'slot',
  map: 'motion',
  rounding: 'floor-masked',
  ratio: 0.75,
  ties: 'random',
  source:
    'MGM as TGM describes it ("mask the patches with highest motion"); its rule is not public',
  draw: ({ grid, count, map, ties, stream }) =>
    maskExtremes(grid, map, count, 'highest', ties === 'random' ? stream : undefined),
};
