import type { Arithmetic, Run } from './arithmetic.js';
import { compareNumbers } from './float64.js';
import { LIBRARY } from './library-functions.js';

/** Numbers as unevaluated sums of two doubles, `low` at most half a unit in the last place of `high`. */
export interface Doubled {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

type Pair = readonly [high: number, low: number];

/**
 * Double-double arithmetic: about 106 bits in + - * / sqrt, sums and products (Dekker 1971; Hida, Li
 * and Bailey 2001). Library functions are those of float64, corrected for the low part. It audits the
 * bounds: the more exact value must lie within them, too.
 */
export const DOUBLE_DOUBLE: Arithmetic<Doubled> = {
  name: 'double-double',
  allocate: (count) => ({ high: new Float64Array(count), low: new Float64Array(count) }),
  load: (data) => ({ high: Float64Array.from(data), low: new Float64Array(data.length) }),
  values: ({ high }) => high,
  copy: (out, i, x, j) => set(out, i, pair(x, j)),
  add: (out, a, b, i) => set(out, i, sum(pair(a, i), pair(b, i))),
  sub: (out, a, b, i) => set(out, i, sum(pair(a, i), negative(pair(b, i)))),
  mul: (out, a, b, i) => set(out, i, product(pair(a, i), pair(b, i))),
  div: (out, a, b, i) => set(out, i, quotient(pair(a, i), pair(b, i))),
  min: (out, a, b, i) => {
    const [x, y] = [pair(a, i), pair(b, i)];
    set(out, i, Number.isNaN(x[0]) || below(x, y) ? x : y);
  },
  max: (out, a, b, i) => {
    const [x, y] = [pair(a, i), pair(b, i)];
    set(out, i, Number.isNaN(x[0]) || below(y, x) ? x : y);
  },
  neg: (out, x, i) => set(out, i, negative(pair(x, i))),
  library: (name, out, x, i) => {
    const argument = pair(x, i);
    if (name === 'sqrt') return set(out, i, root(argument));
    if (name === 'rsqrt') return set(out, i, quotient([1, 0], root(argument)));
    const [high, low] = argument;
    const { value, change } = LIBRARY[name];
    const y = value(high);
    set(out, i, corrected(y, change(high, y, low)));
  },
  convert: (out, x, i) => set(out, i, pair(x, i)),
  compare: (direction, a, b, i) => {
    const [x, y] = [pair(a, i), pair(b, i)];
    return x[0] === y[0]
      ? compareNumbers(direction, x[1], y[1])
      : compareNumbers(direction, x[0], y[0]);
  },
  isFinite: ({ high }, i) => Number.isFinite(high[i]),
  truncate: (x, i) => {
    const [high, low] = pair(x, i);
    const whole = Math.trunc(high);
    // The number is high + low: where `high` is whole and `low` has the other sign, the number lies
    // nearer to zero than `high`, and so does its whole part.
    return whole === high && low !== 0 && Math.sign(low) !== Math.sign(high)
      ? whole - Math.sign(high)
      : whole;
  },
  either: (out, a, _, i) => set(out, i, pair(a, i)),
  sum: (out, i, x, base, offsets) => {
    let total: Pair = [0, 0];
    for (const offset of offsets) total = sum(total, pair(x, base + offset));
    set(out, i, total);
  },
  maximum: (out, i, x, base, offsets) => {
    let largest: Pair = [Number.NEGATIVE_INFINITY, 0];
    for (const offset of offsets) {
      const each = pair(x, base + offset);
      if (Number.isNaN(each[0]) || below(largest, each)) largest = each;
    }
    set(out, i, largest);
  },
  dot: (out, i, a, b, count) => {
    let total: Pair = [0, 0];
    for (let n = 0; n < count; n++) total = sum(total, product(nth(a, n), nth(b, n)));
    set(out, i, total);
  },
};

function pair({ high, low }: Doubled, i: number): Pair {
  return [high[i] as number, low[i] as number];
}

function nth({ column, start, step }: Run<Doubled>, n: number): Pair {
  return pair(column, start + n * step);
}

function set(out: Doubled, i: number, [high, low]: Pair): void {
  out.high[i] = high;
  out.low[i] = low;
}

function below(a: Pair, b: Pair): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

function negative([high, low]: Pair): Pair {
  return [-high, -low];
}

/** The sum of two doubles as a pair; infinities and NaN have no low part. */
function normal(a: number, b: number): Pair {
  const high = a + b;
  if (!Number.isFinite(high)) return [high, 0];
  const rest = high - a;
  return [high, a - (high - rest) + (b - rest)];
}

/** A library function's value with what the low part of its argument adds. */
function corrected(value: number, more: number): Pair {
  return Number.isFinite(value) && Number.isFinite(more) ? normal(value, more) : [value, 0];
}

function sum([a, aLow]: Pair, [b, bLow]: Pair): Pair {
  const [high, low] = normal(a, b);
  if (!Number.isFinite(high)) return [high, 0];
  return normal(high, low + (aLow + bLow));
}

/** The product of two doubles as a pair (Dekker): each is split into halves of 26 bits. */
function exactProduct(a: number, b: number): Pair {
  const high = a * b;
  // Splitting overflows above 2^996; what is lost below 2^-969 is less than any bound.
  if (!Number.isFinite(high) || Math.abs(a) > 2 ** 990 || Math.abs(b) > 2 ** 990) return [high, 0];
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  return [high, aHigh * bHigh - high + aHigh * bLow + aLow * bHigh + aLow * bLow];
}

function split(a: number): Pair {
  const scaled = a * (2 ** 27 + 1);
  const high = scaled - (scaled - a);
  return [high, a - high];
}

function product([a, aLow]: Pair, [b, bLow]: Pair): Pair {
  const [high, low] = exactProduct(a, b);
  if (!Number.isFinite(high)) return [high, 0];
  return normal(high, low + (a * bLow + aLow * b));
}

function quotient(a: Pair, b: Pair): Pair {
  const first = a[0] / b[0];
  if (!Number.isFinite(first) || first === 0 || !Number.isFinite(b[0])) return [first, 0];
  const rest = sum(a, negative(product(b, [first, 0])));
  return normal(first, rest[0] / b[0]);
}

function root(a: Pair): Pair {
  const first = Math.sqrt(a[0]);
  if (!Number.isFinite(first) || first === 0) return [first, 0];
  const rest = sum(a, negative(exactProduct(first, first)));
  return normal(first, rest[0] / (2 * first));
}
