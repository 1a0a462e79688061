import { tokenCount } from './grid.js';
import type { MaskKind } from './kind.js';
import { maskRandomly } from './mask-randomly.js';

/** Any tokens of the clip, in space and time alike; counts differ from slot to slot. */
export const random: MaskKind = {
  per: 'clip',
  rounding: 'floor-visible',
  ratio: 0.9,
  source: 'MAE-ST, which introduced it and computes int(tokens * (1 - ratio)) kept',
  draw({ grid, count, stream }) {
    const flags = new Uint8Array(tokenCount(grid));
    maskRandomly(flags, count, stream);
    return flags;
  },
};
