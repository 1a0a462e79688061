import { z } from 'zod';
import { type Overrides, steps } from './section.js';

/** How often a run is written down. */
export interface CheckpointConfig {
  /** Steps between two checkpoints; one more is written at the end. */
  readonly everySteps: number;
  /** How many of the newest stay. */
  readonly keep: number;
}

export const CHECKPOINTS_SCHEMA: z.ZodType<Overrides<CheckpointConfig>> = z.strictObject({
  everySteps: steps.exactOptional(),
  keep: z.int().min(1).max(1000).exactOptional(),
});

export function resolveCheckpoints(own: Overrides<CheckpointConfig> | undefined): CheckpointConfig {
  return { everySteps: 500, keep: 2, ...own };
}
