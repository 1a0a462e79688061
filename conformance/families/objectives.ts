import fc from 'fast-check';
import { differentiate } from '../../core/autodiff/differentiate.js';
import { simplify } from '../../core/passes/simplify.js';
import {
  DIRECTIONS,
  gather,
  infoNceLoss,
  l2Normalize,
  maeLoss,
  TARGET_KINDS,
  targets,
  toUnitRange,
} from '../../spec/index.js';
import { exp, gelu, layerNorm, linear, mul, type Value } from '../../spec/program/index.js';
import { buildCase, type CaseData, type CaseInput } from '../build-case.js';
import { type Family, family, type ProgramCase, programCase } from '../case.js';
import { draw, positiveExtent, regime } from '../generators/draws.js';

const content = { regime, draw };

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

const kind = fc.constantFrom(...TARGET_KINDS);

/** The targets of masked cubes; u8 pixels are drawn evenly. */
const target = family(
  'objective/targets',
  fc.record({
    kind,
    batch: fc.constantFrom(1, 2),
    cubes: positiveExtent,
    pixels: fc.constantFrom(2, 4, 8, 32),
    masked: fc.constantFrom(1, 3, 5),
    // Two shades only: deviations small enough that eps counts.
    shades: fc.constantFrom(256, 2),
    ...content,
  }),
  ({ kind: chosen, batch, cubes, pixels, masked, shades, ...data }) =>
    buildCase(
      'targets',
      {
        cubes: { dtype: 'u8', shape: [batch, cubes, 3 * pixels], below: shades },
        masked: { dtype: 'i32', shape: [batch, masked], below: cubes },
      },
      data,
      (values) => ({
        targets: targets(toUnitRange(gather(values.cubes, values.masked, 1)), chosen),
      }),
    ),
  { level: 3, clauses: ['target.cube', 'target.patch'] },
);

const mae = family(
  'objective/mae',
  fc.record({ batch: positiveExtent, masked: positiveExtent, size: positiveExtent, ...content }),
  ({ batch, masked, size, ...data }) => {
    const both = { shape: [batch, masked, size] };
    return lossAndGradients(
      'mae',
      { prediction: both, target: { ...both, regime: 'normal' } },
      ['prediction'],
      data,
      (values) => maeLoss(values.prediction, values.target),
    );
  },
  { level: 3, clauses: ['loss.mae', 'loss.mae.gradient'] },
);

const infoNce = family(
  'objective/info_nce',
  fc.record({
    // A batch of one, and embeddings of one number, have a gradient of 0: the relations see to them.
    batch: fc.constantFrom(2, 3, 8, 17),
    width: fc.constantFrom(2, 3, 5, 8, 17, 33),
    directions: fc.constantFrom(...DIRECTIONS),
    regime: regime.filter((name) => name !== 'constant'),
    draw,
  }),
  ({ batch, width, directions, ...data }) => {
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
      (values) =>
        infoNceLoss(l2Normalize(values.text), l2Normalize(values.video), exp(values.log_scale), {
          temperature: { kind: 'learned' },
          directions,
        }),
    );
  },
  {
    level: 3,
    clauses: ['loss.infonce', 'loss.infonce.gradient'],
    exemption: {
      judged: 0.85,
      judgedOfRoundedFactors: 0.75,
      reason: 'gradients of embeddings that are nearly equal cancel to their rounding error',
    },
  },
);

/** Norm, linear map, GELU and MAE in a row: a gradient through composites and their residuals. */
const block = family(
  'gradient/block',
  fc.record({ rows: positiveExtent, width: positiveExtent, ...content }),
  ({ rows, width, ...data }) =>
    lossAndGradients(
      'block',
      {
        x: { shape: [rows, width] },
        gamma: { shape: [width], regime: 'normal' },
        beta: { shape: [width], regime: 'normal' },
        weight: { shape: [5, width], regime: 'normal' },
        bias: { shape: [5], regime: 'normal' },
        target: { shape: [rows, 5], regime: 'normal' },
      },
      ['x', 'gamma', 'beta', 'weight', 'bias'],
      data,
      ({ x, gamma, beta, weight, bias, target: wanted }) =>
        maeLoss(mul(gelu(linear(layerNorm(x, gamma, beta, 1e-6), weight, bias)), 2), wanted),
    ),
  { level: 2, clauses: ['gradient.composition'] },
);

export const OBJECTIVE_FAMILIES: readonly Family[] = [target, mae, infoNce, block];
