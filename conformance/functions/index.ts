import type { Family } from '../case.js';
import { ADAMW_FAMILIES } from './adamw.js';
import { ALIGNING_STEP_FAMILIES } from './aligning-steps.js';
import { AUGMENTATION_FAMILIES } from './augmentations.js';
import { FORWARD_FAMILIES } from './forward.js';
import { HEAD_FAMILIES } from './heads.js';
import { CAPTION_FAMILIES, LOSS_FAMILIES } from './losses.js';
import { MAP_FAMILIES } from './maps.js';
import { MASK_FAMILIES } from './masks.js';
import { PHILOX_FAMILIES } from './philox.js';
import { PIXEL_FAMILIES } from './pixels.js';
import { RANK_FAMILIES } from './ranks.js';
import { SCHEDULE_FAMILIES } from './schedules.js';
import { START_FAMILIES } from './starts.js';
import { STEP_FUNCTION_FAMILIES } from './step.js';
import { CAUSAL_TEXT_FAMILIES, TOWER_FAMILIES } from './towers.js';

/** Functions that are programs, too: backends are checked with the same cases as ports. */
export const PROGRAM_FUNCTION_FAMILIES: readonly Family[] = [
  ...PIXEL_FAMILIES,
  ...LOSS_FAMILIES,
  ...ADAMW_FAMILIES,
  ...FORWARD_FAMILIES,
  ...TOWER_FAMILIES,
];

/**
 * Programs that only ports are asked for: backends, which are judged by whole steps of their own, have been
 * through them.
 */
export const PORT_PROGRAM_FAMILIES: readonly Family[] = [
  ...CAPTION_FAMILIES,
  ...CAUSAL_TEXT_FAMILIES,
  ...HEAD_FAMILIES,
  ...STEP_FUNCTION_FAMILIES,
  ...ALIGNING_STEP_FAMILIES,
];

/** Every function that a port may declare, in the order in which a port grows. */
export const FUNCTION_FAMILIES: readonly Family[] = [
  ...PHILOX_FAMILIES,
  ...MASK_FAMILIES,
  ...MAP_FAMILIES,
  ...SCHEDULE_FAMILIES,
  ...RANK_FAMILIES,
  ...START_FAMILIES,
  ...AUGMENTATION_FAMILIES,
  ...PROGRAM_FUNCTION_FAMILIES,
  ...PORT_PROGRAM_FAMILIES,
];
