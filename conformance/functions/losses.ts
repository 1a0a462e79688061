import fc from 'fast-check';
import { interpret } from '../../reference/index.js';
import {
  DIRECTIONS,
  type Directions,
  infoNceLoss,
  l2Normalize,
  maeLoss,
} from '../../spec/index.js';
import { exp } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { lossAndGradients } from '../families/objectives.js';
import { draw, positiveExtent, regime } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';
import { judging } from './exact.js';

export interface MaeDrawn {
  readonly batch: number;
  readonly masked: number;
  readonly size: number;
  readonly regime: Regime;
  readonly draw: number;
}

/** The MAE loss and its gradient. */
export function maeCase({ batch, masked, size, ...data }: MaeDrawn): Case {
  const both = { shape: [batch, masked, size] };
  const drawn = lossAndGradients(
    'mae',
    { prediction: both, target: { ...both, regime: 'normal' } },
    ['prediction'],
    data,
    ({ prediction, target }) => maeLoss(prediction, target),
  );
  return functionCase(drawn, { function: 'loss.mae', attributes: {} }, drawn.oracle);
}

/**
 * The MAE loss alone, of so many squares that their interval is written down: they have one sign, so
 * that n of them, added and scaled in any order, are wrong by gamma of n and a few roundings more.
 */
export function lossOfMaeCase({ batch, masked, size, ...data }: MaeDrawn): Case {
  const both = { shape: [batch, masked, size] };
  const inputs = { prediction: both, target: { ...both, regime: 'normal' as const } };
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

export interface InfoNceDrawn {
  readonly batch: number;
  readonly width: number;
  readonly directions: Directions;
  readonly regime: Regime;
  readonly draw: number;
}

/** InfoNCE and its gradients. */
export function infoNceCase({ batch, width, directions, ...data }: InfoNceDrawn): Case {
  const embeddings = { shape: [batch, width] };
  // log(1 / tau) up to 1 / tau = 299: the clamp at 100 is no part of the loss.
  const logScale = (x: number): number => Math.fround(5.7 * Math.abs(Math.sin(x)));
  const drawn = lossAndGradients(
    'info_nce',
    {
      text: embeddings,
      video: embeddings,
      log_scale: { shape: [], regime: 'normal', domain: logScale },
    },
    ['text', 'video', 'log_scale'],
    data,
    ({ text, video, log_scale }) =>
      infoNceLoss(l2Normalize(text), l2Normalize(video), exp(log_scale), {
        temperature: { kind: 'learned' },
        directions,
      }),
  );
  const call = { function: 'loss.infonce', attributes: { directions } } as const;
  return functionCase(drawn, call, drawn.oracle);
}

const maeParameters = fc.record({
  batch: positiveExtent,
  masked: positiveExtent,
  size: positiveExtent,
  regime,
  draw,
});

const infoNceParameters = fc.record({
  batch: fc.constantFrom(2, 3, 8, 17),
  width: fc.constantFrom(2, 3, 5, 8, 17, 33),
  directions: fc.constantFrom(...DIRECTIONS),
  // Embeddings that are nearly equal have gradients that cancel to their rounding error.
  regime: regime.filter((name) => name !== 'constant' && name !== 'offset'),
  draw,
});

const isLoss = (output: string): boolean => output === 'loss';
const isGradient = (output: string): boolean => output.startsWith('grad.');

export const LOSS_FAMILIES: readonly Family[] = [
  family('function/loss.mae', maeParameters, (drawn) => judging(maeCase(drawn), isLoss), {
    level: 3,
    clauses: ['loss.mae'],
  }),
  family(
    'function/loss.mae/gradient',
    maeParameters,
    (drawn) => judging(maeCase(drawn), isGradient),
    { level: 3, clauses: ['loss.mae.gradient'] },
  ),
  family(
    'function/loss.infonce',
    infoNceParameters,
    (drawn) => judging(infoNceCase(drawn), isLoss),
    { level: 3, clauses: ['loss.infonce'] },
  ),
  family(
    'function/loss.infonce/gradient',
    infoNceParameters,
    (drawn) => judging(infoNceCase(drawn), isGradient),
    {
      level: 3,
      clauses: ['loss.infonce.gradient'],
      exemption: {
        judged: 0.85,
        judgedOfRoundedFactors: 0.75,
        reason: 'gradients of embeddings that are nearly equal cancel to their rounding error',
      },
    },
  ),
];
