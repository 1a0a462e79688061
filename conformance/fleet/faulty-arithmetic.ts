import { type Arithmetic, float32 } from '../../reference/index.js';
import { roundTo } from '../../spec/contracts/index.js';
import type { FunctionName } from '../../spec/program/index.js';
import type { Fault } from './faulty.js';
import { float32Backend } from './legal.js';

const exact = float32({ summation: 'sequential' });

/** Faults of a backend's numbers. */
export const ARITHMETIC_FAULTS: readonly Fault[] = [
  fault('products in bf16', 'primitive/matmul', bitsOfProducts(8)),
  fault('products in tf32', 'primitive/matmul', bitsOfProducts(11)),
  fault('sums kept in bf16', 'primitive/reduce_sum', {
    ...exact,
    sum: (out, i, x, base, offsets) => {
      let total = 0;
      for (const offset of offsets) total = roundTo(total + (x[base + offset] as number), 8, -126);
      out[i] = total;
    },
  }),
  fault('the last term of a sum lost', 'primitive/reduce_sum', {
    ...exact,
    sum: (out, i, x, base, offsets) => exact.sum(out, i, x, base, offsets.subarray(0, -1)),
  }),
  fault('the last product of an inner product lost', 'primitive/matmul', {
    ...exact,
    dot: (out, i, a, b, count) => exact.dot(out, i, a, b, Math.max(0, count - 1)),
  }),
  fault('a maximum that starts at 0', 'primitive/reduce_max', {
    ...exact,
    maximum: (out, i, x, base, offsets) => {
      exact.maximum(out, i, x, base, offsets);
      out[i] = Math.max(0, out[i] as number);
    },
  }),
  fault('operands of sub swapped', 'primitive/sub', {
    ...exact,
    sub: (out, a, b, i) => exact.sub(out, b, a, i),
  }),
  fault('division by a rounded reciprocal', 'primitive/div', {
    ...exact,
    div: (out, a, b, i) => {
      out[i] = (a[i] as number) * Math.fround(1 / (b[i] as number));
    },
  }),
  fault('min in place of max', 'primitive/max', { ...exact, max: exact.min }),
  fault('lt that holds for equals', 'primitive/compare', {
    ...exact,
    compare: (direction, a, b, i) => exact.compare(direction === 'lt' ? 'le' : direction, a, b, i),
  }),
  fault('casts that round', 'primitive/cast/f32-i32', {
    ...exact,
    truncate: (x, i) => Math.round(x[i] as number),
    values: (x) => x.map(Math.round),
  }),
  fault('exp of a rounded argument', 'primitive/exp', {
    ...exact,
    library: but('exp', (x) => Math.exp(roundTo(x, 16, -126))),
  }),
  fault('log(x + 1e-8)', 'primitive/log', {
    ...exact,
    library: but('log', (x) => Math.log(x + 1e-8)),
  }),
  fault('rsqrt by 12 bits of table', 'primitive/rsqrt', {
    ...exact,
    library: but('rsqrt', (x) => roundTo(1 / Math.sqrt(x), 12, -126)),
  }),
  fault('tanh that saturates at 4', 'primitive/tanh', {
    ...exact,
    library: but('tanh', (x) => (Math.abs(x) > 4 ? Math.sign(x) : Math.tanh(x))),
  }),
  fault('erf by five terms (Abramowitz and Stegun 7.1.26)', 'primitive/erf', {
    ...exact,
    library: but('erf', fiveTermErf),
  }),
];

function fault(name: string, foundBy: string, arithmetic: Arithmetic<Float32Array>): Fault {
  return { name, foundBy, open: () => float32Backend(name, arithmetic) };
}

/** The functions, one of them wrong. */
function but(
  wrong: FunctionName,
  apply: (x: number) => number,
): Arithmetic<Float32Array>['library'] {
  return (name, out, x, i) => {
    if (name === wrong) out[i] = apply(x[i] as number);
    else exact.library(name, out, x, i);
  };
}

function bitsOfProducts(bits: number): Arithmetic<Float32Array> {
  return float32({ summation: 'sequential', roundFactor: (x) => roundTo(x, bits, -126) });
}

function fiveTermErf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
