import fc from 'fast-check';
import { ADAMW, type Shape, type Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { correction, learningRate } from '../generators/domains.js';
import { draw, regime, shape } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';

export interface AdamWDrawn {
  readonly shape: Shape;
  readonly decay: number;
  readonly lrScale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly regime: Regime;
  readonly draw: number;
}

/** One update. */
export function adamwCase({
  shape: whole,
  decay,
  lrScale,
  beta1,
  beta2,
  eps,
  ...data
}: AdamWDrawn): Case {
  const attributes = { beta1, beta2, eps, decay, lr_scale: lrScale };
  const scalar = { shape: [], regime: 'normal' } as const;
  const drawn = buildCase(
    'adamw',
    {
      p: { shape: whole, regime: 'normal' },
      m: { shape: whole },
      v: { shape: whole, domain: (x) => Math.fround(x * x) },
      g: { shape: whole },
      lr: { ...scalar, domain: learningRate },
      c1: { ...scalar, domain: correction },
      c2: { ...scalar, domain: correction },
    },
    data,
    ({ p, m, v, g, lr, c1, c2 }, builder) => {
      const results = builder.call(ADAMW, [p, m, v, g, lr, c1, c2], attributes);
      const [first, second, third] = results as [Value, Value, Value];
      return { p: first, m: second, v: third };
    },
  );
  return functionCase(drawn, { function: 'optim.adamw', attributes });
}

const parameters = {
  shape: shape(0, 2),
  lrScale: fc.constantFrom(1, 0.75),
  beta1: fc.constantFrom(0.9, 0.75),
  beta2: fc.constantFrom(0.95, 0.999),
  eps: fc.constantFrom(1e-8, 1e-6, 1e-3),
  regime,
  draw,
};

export const ADAMW_FAMILIES: readonly Family[] = [
  family('function/optim.adamw', fc.record({ ...parameters, decay: fc.constant(0) }), adamwCase, {
    level: 3,
    clauses: ['optim.adamw'],
  }),
  family(
    'function/optim.adamw/decay',
    fc.record({ ...parameters, decay: fc.constantFrom(0.05, 0.5) }),
    adamwCase,
    { level: 3, clauses: ['optim.adamw.decay'] },
  ),
];
