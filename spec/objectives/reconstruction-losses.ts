import type { Value } from '../program/index.js';
import * as losses from './all-reconstruction-losses.js';

/** The name of a loss of reconstruction in configurations. */
export type ReconstructionLossName = keyof typeof losses;

/** The loss, a scalar, of a prediction and its target, both [B, M, P]. */
export type ReconstructionLoss = (prediction: Value, target: Value) => Value;

/** Every loss of reconstruction, by name. */
export const RECONSTRUCTION_LOSSES: Readonly<Record<ReconstructionLossName, ReconstructionLoss>> =
  losses;
export const RECONSTRUCTION_LOSS_NAMES = Object.keys(
  RECONSTRUCTION_LOSSES,
) as readonly ReconstructionLossName[];
