import { interpret } from '../../reference/index.js';
import { maeLoss } from '../../spec/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import {
  equalCaptionsCase,
  INFO_NCE_EXEMPTION,
  type InfoNceDrawn,
  infoNceCase,
  infoNceParameters,
  MAE_PARAMETERS,
  type MaeDrawn,
  maeCase,
  maeInputs,
} from '../families/loss-cases.js';
import { judging } from './exact.js';

/** The MAE loss and its gradient, as a function. */
export function maeFunction(drawn: MaeDrawn): Case {
  const made = maeCase(drawn);
  return functionCase(made, { function: 'loss.mae', attributes: {} }, made.oracle);
}

/**
 * The MAE loss alone, of so many squares that their interval is written down: they have one sign, so
 * that n of them, added and scaled in any order, are wrong by gamma of n and a few roundings more.
 */
export function lossOfMaeFunction({ batch, masked, size, ...data }: MaeDrawn): Case {
  const inputs = maeInputs(batch, masked, size);
  const { program, runs } = buildCase('mae', inputs, data, ({ prediction, target }) => ({
    loss: maeLoss(prediction, target),
  }));
  const expected: Case['expected'] = (given, contract) => {
    const value = Float64Array.from(interpret(program, given).loss?.data ?? []);
    const drift = (batch * masked * size + 8) * contract.format('f32').unitRoundoff;
    const error = drift / (1 - drift);
    return {
      loss: {
        ...{ dtype: 'f32', shape: [], value },
        low: value.map((x) => x * (1 - error)),
        high: value.map((x) => x * (1 + error)),
      },
    };
  };
  return { program, runs, call: { function: 'loss.mae', attributes: {} }, expected };
}

/** InfoNCE and its gradients, as a function. */
export function infoNceFunction(drawn: InfoNceDrawn): Case {
  const made = infoNceCase(drawn);
  const attributes = { directions: drawn.directions };
  return functionCase(made, { function: 'loss.infonce', attributes }, made.oracle);
}

/** InfoNCE with equal captions as positives, and its gradients, as a function. */
export function captionsFunction(drawn: InfoNceDrawn): Case {
  const made = equalCaptionsCase(drawn);
  const attributes = { directions: drawn.directions };
  return functionCase(made, { function: 'loss.infonce.captions', attributes }, made.oracle);
}

// Embeddings that are nearly equal (`offset`) have gradients that cancel to their rounding error.
const INFO_NCE_PARAMETERS = infoNceParameters('offset');

const isLoss = (output: string): boolean => output === 'loss';
const isGradient = (output: string): boolean => output.startsWith('grad.');

export const LOSS_FAMILIES: readonly Family[] = [
  family('function/loss.mae', MAE_PARAMETERS, (drawn) => judging(maeFunction(drawn), isLoss), {
    level: 3,
    clauses: ['loss.mae'],
  }),
  family(
    'function/loss.mae/gradient',
    MAE_PARAMETERS,
    (drawn) => judging(maeFunction(drawn), isGradient),
    { level: 3, clauses: ['loss.mae.gradient'] },
  ),
  family(
    'function/loss.infonce',
    INFO_NCE_PARAMETERS,
    (drawn) => judging(infoNceFunction(drawn), isLoss),
    { level: 3, clauses: ['loss.infonce'] },
  ),
  family(
    'function/loss.infonce/gradient',
    INFO_NCE_PARAMETERS,
    (drawn) => judging(infoNceFunction(drawn), isGradient),
    {
      level: 3,
      clauses: ['loss.infonce.gradient'],
      exemption: INFO_NCE_EXEMPTION,
    },
  ),
];

/** For ports: backends are judged by the same cases as `objective/info_nce/captions`. */
export const CAPTION_FAMILIES: readonly Family[] = [
  family(
    'function/loss.infonce.captions',
    INFO_NCE_PARAMETERS,
    (drawn) => judging(captionsFunction(drawn), isLoss),
    { level: 3, clauses: ['loss.infonce'] },
  ),
  family(
    'function/loss.infonce.captions/gradient',
    INFO_NCE_PARAMETERS,
    (drawn) => judging(captionsFunction(drawn), isGradient),
    { level: 3, clauses: ['loss.infonce.gradient'], exemption: INFO_NCE_EXEMPTION },
  ),
];
