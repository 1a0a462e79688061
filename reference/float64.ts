import type { Comparison } from '../spec/program/index.js';
import type { Arithmetic, Run } from './arithmetic.js';
import { LIBRARY } from './library-functions.js';

/**
 * Plain float64: the oracle. Values of every float type are held as doubles and never rounded to
 * narrower storage, so that a program for f32 means here what it means in exact arithmetic, up to
 * float64's own error. Sums run in order.
 */
export const FLOAT64: Arithmetic<Float64Array> = {
  name: 'float64',
  allocate: (count) => new Float64Array(count),
  load: (data) => Float64Array.from(data),
  values: (x) => x,
  copy: (out, i, x, j) => {
    out[i] = at(x, j);
  },
  add: (out, a, b, i) => {
    out[i] = at(a, i) + at(b, i);
  },
  sub: (out, a, b, i) => {
    out[i] = at(a, i) - at(b, i);
  },
  mul: (out, a, b, i) => {
    out[i] = at(a, i) * at(b, i);
  },
  div: (out, a, b, i) => {
    out[i] = at(a, i) / at(b, i);
  },
  min: (out, a, b, i) => {
    out[i] = Math.min(at(a, i), at(b, i));
  },
  max: (out, a, b, i) => {
    out[i] = Math.max(at(a, i), at(b, i));
  },
  neg: (out, x, i) => {
    out[i] = -at(x, i);
  },
  library: (name, out, x, i) => {
    out[i] = LIBRARY[name].value(at(x, i));
  },
  convert: (out, x, i) => {
    out[i] = at(x, i);
  },
  compare: (direction, a, b, i) => compareNumbers(direction, at(a, i), at(b, i)),
  isFinite: (x, i) => Number.isFinite(at(x, i)),
  truncate: (x, i) => Math.trunc(at(x, i)),
  either: (out, a, _, i) => {
    out[i] = at(a, i);
  },
  sum: (out, i, x, base, offsets) => {
    let total = 0;
    for (let k = 0; k < offsets.length; k++) total += at(x, base + at(offsets, k));
    out[i] = total;
  },
  maximum: (out, i, x, base, offsets) => {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < offsets.length; k++) {
      largest = Math.max(largest, at(x, base + at(offsets, k)));
    }
    out[i] = largest;
  },
  dot: (out, i, a: Run<Float64Array>, b: Run<Float64Array>, count) => {
    const [x, y] = [a.column, b.column];
    let total = 0;
    let j = a.start;
    let k = b.start;
    for (let n = 0; n < count; n++) {
      total += at(x, j) * at(y, k);
      j += a.step;
      k += b.step;
    }
    out[i] = total;
  },
};

/** Whether `a direction b`, as IEEE 754 has it for NaN and signed zeros. */
export function compareNumbers(direction: Comparison, a: number, b: number): boolean {
  switch (direction) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    default:
      return direction satisfies never;
  }
}

/** x[i], which exists: shapes are checked before any element is read. */
function at(x: Float64Array | Int32Array, i: number): number {
  return x[i] as number;
}
