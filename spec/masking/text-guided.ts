import type { MaskKind } from './kind.js';
import { maskExtremes } from './mask-extremes.js';

/** The places of each slot that are most like the caption are masked. No random draw, unless ties are drawn. */
export const textGuided: MaskKind = {
  per: 'slot',
  map: 'similarity',
  rounding: 'floor-masked',
  ratio: 0.6,
  source: 'TGM (top-k); its rounding is not stated, so floor, as in the code that it builds on',
  draw: ({ grid, count, map, ties, stream }) =>
    maskExtremes(grid, map, count, 'highest', ties === 'random' ? stream : undefined),
};

/** The places least like the caption are masked: TGM's ablation "bottom-k". */
export const textGuidedBottom: MaskKind = {
  ...textGuided,
  source: 'TGM (bottom-k, an ablation); rounding as for top-k',
  draw: ({ grid, count, map, ties, stream }) =>
    maskExtremes(grid, map, count, 'lowest', ties === 'random' ? stream : undefined),
};
