import { z } from 'zod';
import type { Preset } from '../../spec/model/presets.js';
import {
  RECONSTRUCTION_LOSS_NAMES,
  type ReconstructionLossName,
} from '../../spec/objectives/reconstruction-losses.js';
import { TARGET_KINDS, type TargetKind } from '../../spec/objectives/targets.js';
import type { Overrides } from './section.js';

/** What is reconstructed. */
export interface MaeConfig {
  readonly target: TargetKind;
  /** @defaultValue 'mean-squared' */
  readonly loss?: ReconstructionLossName;
  /** The factor of its loss. */
  readonly weight: number;
}

export const MAE_SCHEMA: z.ZodType<Overrides<MaeConfig>> = z.strictObject({
  target: z.enum(TARGET_KINDS).exactOptional(),
  loss: z.enum(RECONSTRUCTION_LOSS_NAMES).exactOptional(),
  weight: z.number().gt(0).max(1e6).exactOptional(),
});

export function resolveMae(own: Overrides<MaeConfig> | undefined, { target }: Preset): MaeConfig {
  return { target, weight: 1, ...own };
}
