import { ADAMW, type AdamWAttributes, type Value } from '../../spec/program/index.js';
import { correction, learningRate } from '../generators/domains.js';
import type { StretchedInput, StretchedOutput } from './stretched-case.js';

type Operand = 'p' | 'm' | 'v' | 'g' | 'lr' | 'c1' | 'c2';

/** The operands of an update of parameters in one axis `i`, and the scalars of a step. */
export const ADAMW_INPUTS: Readonly<Record<Operand, StretchedInput>> = {
  p: { axes: ['i'] },
  m: { axes: ['i'] },
  v: { axes: ['i'], domain: (x) => Math.fround(x * x) },
  g: { axes: ['i'] },
  lr: { axes: [], domain: learningRate },
  c1: { axes: [], domain: correction },
  c2: { axes: [], domain: correction },
};

/** The next parameters and moments. */
export function updated(
  { p, m, v, g, lr, c1, c2 }: Readonly<Record<Operand, Value>>,
  attributes: AdamWAttributes,
): Readonly<Record<string, StretchedOutput>> {
  const results = p.builder.call(ADAMW, [p, m, v, g, lr, c1, c2], attributes);
  return Object.fromEntries(
    ['p', 'm', 'v'].map((name, i) => [name, { value: results[i] as Value, axes: ['i'] }]),
  );
}
