import fc from 'fast-check';
import { ADAMW, type Shape, type Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { draw, regime, shape } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';

interface AdamWDrawn {
  readonly shape: Shape;
  readonly decay: number;
  readonly lrScale: number;
  readonly beta2: number;
  readonly regime: Regime;
  readonly draw: number;
}

/** A learning rate, and 1 - beta^t, as they are at some step. */
const rate = (x: number): number => Math.fround(1e-4 * (1 + Math.abs(Math.sin(x))));
const correction = (x: number): number => Math.fround(0.05 + 0.9 * Math.abs(Math.sin(x)));

function adamwCase({ shape: whole, decay, lrScale, beta2, ...data }: AdamWDrawn): Case {
  const attributes = { beta1: 0.9, beta2, eps: 1e-8, decay, lr_scale: lrScale };
  const scalar = { shape: [], regime: 'normal' } as const;
  const drawn = buildCase(
    'adamw',
    {
      p: { shape: whole, regime: 'normal' },
      m: { shape: whole },
      v: { shape: whole, domain: (x) => Math.fround(x * x) },
      g: { shape: whole },
      lr: { ...scalar, domain: rate },
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
  beta2: fc.constantFrom(0.95, 0.999),
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
