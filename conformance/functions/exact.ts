import type { HostTensor } from '../../core/backend.js';
import type { Shape } from '../../spec/program/index.js';
import type { Case } from '../case.js';

/** The same case with only some of its results judged: what one clause speaks of. */
export function judging<C extends Case>(drawn: C, wanted: (output: string) => boolean): C {
  const expected: Case['expected'] = (inputs, contract, outputs) =>
    Object.fromEntries(
      Object.entries(drawn.expected(inputs, contract, outputs)).filter(([name]) => wanted(name)),
    );
  return { ...drawn, expected, judges: wanted };
}

/** Integers as a tensor. */
export function integers(
  data: ArrayLike<number>,
  shape: Shape = [data.length],
): HostTensor & { readonly dtype: 'i32'; readonly data: Int32Array } {
  return { dtype: 'i32', shape, data: Int32Array.from(data) };
}
