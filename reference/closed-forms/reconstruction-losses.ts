import type { ReconstructionLossName } from '../../spec/objectives/reconstruction-losses.js';
import { type MaeResult, maeClosedForm } from './mae.js';

type ClosedForm = (prediction: ArrayLike<number>, target: ArrayLike<number>) => MaeResult;

/** The closed form of each loss of reconstruction. The table has an entry for each, or does not compile. */
export const RECONSTRUCTION_CLOSED_FORMS: Readonly<Record<ReconstructionLossName, ClosedForm>> = {
  'mean-squared': maeClosedForm,
};
