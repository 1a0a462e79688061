import type { Accuracy, ContractErrors, FloatFormat } from '../spec/contracts/index.js';
import { binade } from '../spec/numeric/binary.js';
import {
  type Comparison,
  type FloatType,
  type FunctionName,
  factsOf,
} from '../spec/program/index.js';
import type { Arithmetic, Run } from './arithmetic.js';
import { compareNumbers } from './float64.js';
import {
  type IntervalColumn,
  OWN_ROUNDOFF,
  set,
  setAnything,
  setChecked,
  setFactor,
  setStored,
  setTotal,
  setWidened,
} from './interval-column.js';
import { LIBRARY } from './library-functions.js';

/**
 * Interval arithmetic that holds every result that a contract allows, of operations that run as they
 * are written (`Reassociated` has those that need not). Each operation widens its
 * exact image by the contract's error: a rounding by u |x|, a library function by its ulps, and a
 * sum or inner product of n roundings, in whatever order, by gamma_n |x_i| for each term, with
 * gamma_n = n u / (1 - n u). (N. Higham, "Accuracy and Stability of Numerical Algorithms",
 * sections 3.1 and 4.2.) An operation on exactly known numbers has one rounded result: the
 * interval then holds it and the exact result, no more, so that fused operations are legal too.
 */
export class Intervals implements Arithmetic<IntervalColumn> {
  readonly name: string;
  readonly #contract: ContractErrors;
  /** Columns as factors: each is an operand of many inner products. */
  readonly #factors = new WeakMap<IntervalColumn, IntervalColumn>();

  constructor(contract: ContractErrors) {
    this.name = `intervals, ${contract.name}`;
    this.#contract = contract;
  }

  allocate(count: number, dtype: FloatType): IntervalColumn {
    return {
      value: new Float64Array(count),
      low: new Float64Array(count),
      high: new Float64Array(count),
      format: this.#contract.format(dtype),
    };
  }

  load(data: ArrayLike<number>, dtype: FloatType): IntervalColumn {
    const out = this.allocate(data.length, dtype);
    for (let i = 0; i < data.length; i++) setStored(out, i, data[i] as number);
    return out;
  }

  values(x: IntervalColumn): Float64Array {
    return x.value;
  }

  copy(out: IntervalColumn, i: number, x: IntervalColumn, j: number): void {
    set(out, i, at(x.value, j), at(x.low, j), at(x.high, j));
  }

  add(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = at(a.value, i) + at(b.value, i);
    setWidened(out, i, value, at(a.low, i) + at(b.low, i), at(a.high, i) + at(b.high, i));
  }

  sub(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = at(a.value, i) - at(b.value, i);
    setWidened(out, i, value, at(a.low, i) - at(b.high, i), at(a.high, i) - at(b.low, i));
  }

  mul(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = at(a.value, i) * at(b.value, i);
    const [low, high] = product(at(a.low, i), at(a.high, i), at(b.low, i), at(b.high, i), a === b);
    setWidened(out, i, value, low, high);
  }

  div(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = at(a.value, i) / at(b.value, i);
    const [aLow, aHigh, bLow, bHigh] = [at(a.low, i), at(a.high, i), at(b.low, i), at(b.high, i)];
    if (bLow < bHigh && bLow <= 0 && bHigh >= 0) {
      setAnything(out, i, value);
      return;
    }
    const [w, x, y, z] = [aLow / bLow, aLow / bHigh, aHigh / bLow, aHigh / bHigh];
    const accuracy = this.#contract.accuracy.div(bLow, bHigh);
    this.#setAccurate(out, i, accuracy, value, Math.min(w, x, y, z), Math.max(w, x, y, z));
  }

  min(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = Math.min(at(a.value, i), at(b.value, i));
    set(
      out,
      i,
      value,
      Math.min(at(a.low, i), at(b.low, i)),
      Math.min(at(a.high, i), at(b.high, i)),
    );
  }

  max(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const value = Math.max(at(a.value, i), at(b.value, i));
    set(
      out,
      i,
      value,
      Math.max(at(a.low, i), at(b.low, i)),
      Math.max(at(a.high, i), at(b.high, i)),
    );
  }

  neg(out: IntervalColumn, x: IntervalColumn, i: number): void {
    set(out, i, -at(x.value, i), -at(x.high, i), -at(x.low, i));
  }

  library(name: FunctionName, out: IntervalColumn, x: IntervalColumn, i: number): void {
    const { value, range } = LIBRARY[name];
    const y = value(at(x.value, i));
    if (factsOf(name).domain !== undefined && straddlesZero(x, i)) {
      setAnything(out, i, y);
      return;
    }
    const [least, greatest] = range(at(x.low, i), at(x.high, i));
    const accuracy = this.#contract.accuracy[name](at(x.low, i), at(x.high, i));
    this.#setAccurate(out, i, accuracy, y, least, greatest);
  }

  convert(out: IntervalColumn, x: IntervalColumn, i: number): void {
    if (out.format.unitRoundoff <= x.format.unitRoundoff) this.copy(out, i, x, i);
    else setWidened(out, i, at(x.value, i), at(x.low, i), at(x.high, i));
  }

  compare(
    direction: Comparison,
    a: IntervalColumn,
    b: IntervalColumn,
    i: number,
  ): boolean | undefined {
    const [aLow, aHigh, bLow, bHigh] = [at(a.low, i), at(a.high, i), at(b.low, i), at(b.high, i)];
    const separate = aHigh < bLow || bHigh < aLow;
    const known = isPoint(aLow, aHigh) && isPoint(bLow, bHigh);
    const touching = direction === 'le' && aHigh === bLow;
    const touchingFromAbove = direction === 'ge' && aLow === bHigh;
    const notBelow = direction === 'lt' && aLow === bHigh;
    const notAbove = direction === 'gt' && aHigh === bLow;
    return separate || known || touching || touchingFromAbove || notBelow || notAbove
      ? compareNumbers(direction, at(a.value, i), at(b.value, i))
      : undefined;
  }

  isFinite(x: IntervalColumn, i: number): boolean | undefined {
    const [low, high] = [at(x.low, i), at(x.high, i)];
    if (isPoint(low, high)) return Number.isFinite(low);
    return Number.isFinite(low) && Number.isFinite(high) ? true : undefined;
  }

  truncate(x: IntervalColumn, i: number): number | undefined {
    const low = Math.trunc(at(x.low, i));
    return low === Math.trunc(at(x.high, i)) ? low : undefined;
  }

  either(out: IntervalColumn, a: IntervalColumn, b: IntervalColumn, i: number): void {
    const low = Math.min(at(a.low, i), at(b.low, i));
    set(out, i, at(a.value, i), low, Math.max(at(a.high, i), at(b.high, i)));
  }

  sum(out: IntervalColumn, i: number, x: IntervalColumn, base: number, offsets: Int32Array): void {
    let [value, low, high, lowSize, highSize] = [0, 0, 0, 0, 0];
    for (let k = 0; k < offsets.length; k++) {
      const j = base + at(offsets, k);
      value += at(x.value, j);
      low += at(x.low, j);
      high += at(x.high, j);
      lowSize += Math.abs(at(x.low, j));
      highSize += Math.abs(at(x.high, j));
    }
    const roundings = Math.max(offsets.length - 1, 0);
    const size = { lowSize, highSize, roundings, underflows: 0 };
    setTotal(out, i, { value, low, high, ...size });
  }

  maximum(
    out: IntervalColumn,
    i: number,
    x: IntervalColumn,
    base: number,
    offsets: Int32Array,
  ): void {
    let [value, low, high] = [-Infinity, -Infinity, -Infinity];
    for (let k = 0; k < offsets.length; k++) {
      const j = base + at(offsets, k);
      value = Math.max(value, at(x.value, j));
      low = Math.max(low, at(x.low, j));
      high = Math.max(high, at(x.high, j));
    }
    set(out, i, value, low, high);
  }

  dot(
    out: IntervalColumn,
    i: number,
    a: Run<IntervalColumn>,
    b: Run<IntervalColumn>,
    count: number,
  ): void {
    const { value: aValues, low: aLows, high: aHighs } = this.#asFactors(a.column);
    const { value: bValues, low: bLows, high: bHighs } = this.#asFactors(b.column);
    let [value, low, high, lowSize, highSize] = [0, 0, 0, 0, 0];
    let j = a.start;
    let k = b.start;
    for (let n = 0; n < count; n++) {
      const w = at(aLows, j) * at(bLows, k);
      const x = at(aLows, j) * at(bHighs, k);
      const y = at(aHighs, j) * at(bLows, k);
      const z = at(aHighs, j) * at(bHighs, k);
      const least = Math.min(Math.min(w, x), Math.min(y, z));
      const most = Math.max(Math.max(w, x), Math.max(y, z));
      value += at(aValues, j) * at(bValues, k);
      low += least;
      high += most;
      lowSize += Math.abs(least);
      highSize += Math.abs(most);
      j += a.step;
      k += b.step;
    }
    // Each product is rounded once, may underflow, and enters at most count - 1 sums.
    // Units that multiply rounded factors may truncate their sums, which is wrong by as much as two roundings.
    const roundings = this.#contract.factors === undefined ? count : 2 * count;
    const size = { lowSize, highSize, roundings, underflows: count };
    setTotal(out, i, { value, low, high, ...size });
  }

  /** A column as matrix products read it: the same one where they read it as it is. */
  #asFactors(x: IntervalColumn): IntervalColumn {
    const { factors } = this.#contract;
    if (factors === undefined) return x;
    const known = this.#factors.get(x);
    if (known !== undefined) return known;
    const { length } = x.value;
    const column: IntervalColumn = {
      value: new Float64Array(length),
      low: new Float64Array(length),
      high: new Float64Array(length),
      format: factors,
    };
    for (let i = 0; i < length; i++)
      setFactor(column, i, at(x.value, i), at(x.low, i), at(x.high, i));
    this.#factors.set(x, column);
    return column;
  }

  #setAccurate(
    out: IntervalColumn,
    i: number,
    { ulps, absolute }: Accuracy,
    value: number,
    low: number,
    high: number,
  ): void {
    if (ulps <= 0.5) {
      setWidened(out, i, value, low, high);
      return;
    }
    // A unit in the last place grows with the number: that of the larger end covers the whole interval.
    const unit = ulps * unitInLastPlace(Math.max(Math.abs(low), Math.abs(high)), out.format);
    const flush = this.#contract.flushBelow;
    const below = Math.max(unit + Math.abs(low) * OWN_ROUNDOFF, absolute);
    const above = Math.max(unit + Math.abs(high) * OWN_ROUNDOFF, absolute);
    const lowest = low > 0 && low < flush ? 0 : lessened(low, below);
    const highest = high < 0 && high > -flush ? 0 : -lessened(-high, above);
    // An error of units in the last place alone is too small to change the sign of a result.
    setChecked(
      out,
      i,
      value,
      low >= 0 && absolute === 0 ? Math.max(0, lowest) : lowest,
      high <= 0 && absolute === 0 ? Math.min(0, highest) : highest,
    );
  }
}

/** What [aLow, aHigh] times [bLow, bHigh] is within; the same number twice is a square. */
export function product(
  aLow: number,
  aHigh: number,
  bLow: number,
  bHigh: number,
  isSquare: boolean,
): readonly [low: number, high: number] {
  if (isSquare && aLow < 0 && aHigh > 0) return [0, Math.max(aLow * aLow, aHigh * aHigh)];
  const [w, x, y, z] = [aLow * bLow, aLow * bHigh, aHigh * bLow, aHigh * bHigh];
  return [Math.min(w, x, y, z), Math.max(w, x, y, z)];
}

/** The distance between the numbers of a format around x; 0 for infinities. */
function unitInLastPlace(x: number, { unitRoundoff, underflow }: FloatFormat): number {
  if (!Number.isFinite(x)) return 0;
  const power = x > 0 ? binade(x) : 0;
  return Math.max(2 * unitRoundoff * power, 2 * underflow);
}

/** x - error, where infinity has none. */
function lessened(x: number, error: number): number {
  return Number.isFinite(x) ? x - error : x;
}

/** Whether a backend may see a negative number or none; a certain one is no question. */
function straddlesZero(x: IntervalColumn, i: number): boolean {
  const [low, high] = [at(x.low, i), at(x.high, i)];
  return low < 0 && low < high;
}

/** One certain number, or a certain NaN. */
function isPoint(low: number, high: number): boolean {
  return low === high || (Number.isNaN(low) && Number.isNaN(high));
}

/** x[i], which exists: shapes are checked before any element is read. */
function at(x: Float64Array | Int32Array, i: number): number {
  return x[i] as number;
}
