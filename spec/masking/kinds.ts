import { flowWarped } from './flow-warped.js';
import type { MaskKind } from './kind.js';
import { motionGuided } from './motion-guided.js';
import { random } from './random.js';
import { randomPerSlot } from './random-per-slot.js';
import { textGuided, textGuidedBottom } from './text-guided.js';
import { tube } from './tube.js';

/** A mask kind's name in configurations and manifests. */
export type MaskKindName =
  | 'tube'
  | 'random'
  | 'random-per-slot'
  | 'text-guided'
  | 'text-guided-bottom'
  | 'motion-guided'
  | 'flow-warped';

/** Every mask kind. To add one: a file that defines it, its name above and its line here. */
export const MASK_KINDS: Readonly<Record<MaskKindName, MaskKind>> = {
  tube,
  random,
  'random-per-slot': randomPerSlot,
  'text-guided': textGuided,
  'text-guided-bottom': textGuidedBottom,
  'motion-guided': motionGuided,
  'flow-warped': flowWarped,
};
