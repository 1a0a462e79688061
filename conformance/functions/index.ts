import type { Family } from '../case.js';
import { ADAMW_FAMILIES } from './adamw.js';
import { FORWARD_FAMILIES } from './forward.js';
import { LOSS_FAMILIES } from './losses.js';
import { MASK_FAMILIES } from './masks.js';
import { PHILOX_FAMILIES } from './philox.js';
import { PIXEL_FAMILIES } from './pixels.js';
import { RANK_FAMILIES } from './ranks.js';
import { START_FAMILIES } from './starts.js';
import { STEP_FUNCTION_FAMILIES } from './step.js';
import { TOWER_FAMILIES } from './towers.js';

/** Functions that are programs, too: backends are checked with the same cases as ports. */
export const PROGRAM_FUNCTION_FAMILIES: readonly Family[] = [
  ...PIXEL_FAMILIES,
  ...LOSS_FAMILIES,
  ...ADAMW_FAMILIES,
  ...FORWARD_FAMILIES,
  ...TOWER_FAMILIES,
];

/** Every function that a port may declare, in the order in which a port grows. */
export const FUNCTION_FAMILIES: readonly Family[] = [
  ...PHILOX_FAMILIES,
  ...MASK_FAMILIES,
  ...RANK_FAMILIES,
  ...START_FAMILIES,
  ...PROGRAM_FUNCTION_FAMILIES,
  ...STEP_FUNCTION_FAMILIES,
];
