import fc from 'fast-check';
import { gather, maeLoss, TARGET_KINDS, targets, toUnitRange } from '../../spec/index.js';
import { gelu, layerNorm, linear, mul } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family } from '../case.js';
import { draw, positiveExtent, regime } from '../generators/draws.js';
import {
  equalCaptionsCase,
  INFO_NCE_EXEMPTION,
  infoNceCase,
  infoNceParameters,
  lossAndGradients,
  MAE_PARAMETERS,
  maeCase,
} from './loss-cases.js';

const content = { regime, draw };

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

const mae = family('objective/mae', MAE_PARAMETERS, maeCase, {
  level: 3,
  clauses: ['loss.mae', 'loss.mae.gradient'],
});

const infoNce = family('objective/info_nce', infoNceParameters(), infoNceCase, {
  level: 3,
  clauses: ['loss.infonce', 'loss.infonce.gradient'],
  exemption: INFO_NCE_EXEMPTION,
});

const equalCaptions = family(
  'objective/info_nce/captions',
  infoNceParameters(),
  equalCaptionsCase,
  {
    level: 3,
    clauses: ['loss.infonce', 'loss.infonce.gradient'],
    exemption: INFO_NCE_EXEMPTION,
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

export const OBJECTIVE_FAMILIES: readonly Family[] = [target, mae, infoNce, equalCaptions, block];
