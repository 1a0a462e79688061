import fc from 'fast-check';
import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  DIRECTIONS,
  type Directions,
  infoNceLoss,
  l2Normalize,
  maeLoss,
} from '../../spec/index.js';
import { exp, type Value } from '../../spec/program/index.js';
import { buildCase, type CaseData, type CaseInput } from '../build-case.js';
import { type Exemption, type ProgramCase, programCase } from '../case.js';
import { draw, positiveExtent, regime } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';

/** A case of a scalar loss and its gradient by each input named in `wrt`. */
export function lossAndGradients<Name extends string>(
  name: string,
  inputs: Readonly<Record<Name, CaseInput>>,
  wrt: readonly NoInfer<Name>[],
  data: CaseData,
  body: (values: Readonly<Record<Name, Value>>) => Value,
): ProgramCase {
  const { program, runs } = buildCase(name, inputs, data, (values) => ({ loss: body(values) }));
  const { builder, gradients } = differentiate(program, 'loss', wrt);
  for (const [input, value] of gradients) builder.output(`grad.${input}`, value);
  // Folded, literals are rounded to f32: 2 / n is then another number than that of the formula.
  const oracle = builder.finish();
  return programCase(simplify(oracle), runs, oracle);
}

// Types and no interfaces: parameters of cases are plain data, which interfaces do not promise.
export type MaeDrawn = Readonly<Record<'batch' | 'masked' | 'size' | 'draw', number>> & {
  readonly regime: Regime;
};

export const MAE_PARAMETERS: fc.Arbitrary<MaeDrawn> = fc.record({
  batch: positiveExtent,
  masked: positiveExtent,
  size: positiveExtent,
  regime,
  draw,
});

/** Prediction and target f32 [B, M, P]. */
export function maeInputs(
  batch: number,
  masked: number,
  size: number,
): Readonly<Record<'prediction' | 'target', CaseInput>> {
  const both = { shape: [batch, masked, size] };
  return { prediction: both, target: { ...both, regime: 'normal' } };
}

/** The MAE loss and its gradient. */
export function maeCase({ batch, masked, size, ...data }: MaeDrawn): ProgramCase {
  const inputs = maeInputs(batch, masked, size);
  return lossAndGradients('mae', inputs, ['prediction'], data, (values) =>
    maeLoss(values.prediction, values.target),
  );
}

export type InfoNceDrawn = Readonly<Record<'batch' | 'width' | 'draw', number>> & {
  readonly directions: Directions;
  readonly regime: Regime;
};

/**
 * Batches of embeddings; `excluded` are regimes whose gradients cannot be judged. Among them is always
 * `constant`: equal embeddings have a gradient of 0, which the relations see to, as they do to a batch
 * of one and to embeddings of one number.
 */
export function infoNceParameters(...excluded: readonly Regime[]): fc.Arbitrary<InfoNceDrawn> {
  return fc.record({
    batch: fc.constantFrom(2, 3, 8, 17),
    width: fc.constantFrom(2, 3, 5, 8, 17, 33),
    directions: fc.constantFrom(...DIRECTIONS),
    regime: regime.filter((name) => name !== 'constant' && !excluded.includes(name)),
    draw,
  });
}

/** InfoNCE of normalised embeddings f32 [B, E], and its gradients. */
export function infoNceCase({ batch, width, directions, ...data }: InfoNceDrawn): ProgramCase {
  const embeddings = { shape: [batch, width] };
  // log(1 / tau) up to 1 / tau = 299: the clamp at 100 is no part of the loss.
  const logScale = (x: number): number => Math.fround(5.7 * Math.abs(Math.sin(x)));
  return lossAndGradients(
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
}

/** The same, with captions of which several are equal, and positives of each other. */
export function equalCaptionsCase({
  batch,
  width,
  directions,
  ...data
}: InfoNceDrawn): ProgramCase {
  const embeddings = { shape: [batch, width] };
  const logScale = (x: number): number => Math.fround(5.7 * Math.abs(Math.sin(x)));
  return lossAndGradients(
    'info_nce_equal_captions',
    {
      text: embeddings,
      video: embeddings,
      log_scale: { shape: [], regime: 'normal', domain: logScale },
      captions: { dtype: 'i32', shape: [batch], below: Math.max(2, Math.floor(batch / 2)) },
    },
    ['text', 'video', 'log_scale'],
    data,
    ({ text, video, log_scale, captions }) =>
      infoNceLoss(
        l2Normalize(text),
        l2Normalize(video),
        exp(log_scale),
        { temperature: { kind: 'learned' }, directions, equalCaptions: 'positives' },
        captions,
      ),
  );
}

/** Of the gradients of InfoNCE fewer can be judged. */
export const INFO_NCE_EXEMPTION: Exemption = {
  judged: 0.85,
  judgedOfRoundedFactors: 0.75,
  reason: 'gradients of embeddings that are nearly equal cancel to their rounding error',
};
