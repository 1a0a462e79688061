import { type IntervalColumn, setAnything, setTotal } from './interval-column.js';

/** A sum of terms or a product of factors, each of them any number of its interval. */
export interface Parts {
  /** The exact sum or product. */
  readonly low: number;
  readonly high: number;
  /** Of a sum: those of its terms' sizes; of a product: its own. */
  readonly lowSize: number;
  readonly highSize: number;
  /** How many errors of one unit roundoff a part passes through at most, in any order. */
  readonly roundings: number;
  /** Of a product: the product of its factors above 1, which can enlarge an underflow on the way; of a sum: 0. */
  readonly range: number;
}

/** Of elements that are sums, or that are products, what they are made of. */
export class PartsOf {
  readonly #kept = new WeakMap<IntervalColumn, Record<keyof Parts, Float64Array>>();

  has(x: IntervalColumn): boolean {
    return this.#kept.has(x);
  }

  /** `undefined` where x[i] is no such result. */
  get(x: IntervalColumn, i: number): Parts | undefined {
    const kept = this.#kept.get(x);
    if (kept === undefined || kept.roundings[i] === 0) return undefined;
    return {
      low: kept.low[i] as number,
      high: kept.high[i] as number,
      lowSize: kept.lowSize[i] as number,
      highSize: kept.highSize[i] as number,
      roundings: kept.roundings[i] as number,
      range: kept.range[i] as number,
    };
  }

  put(x: IntervalColumn, i: number, parts: Parts): void {
    let kept = this.#kept.get(x);
    if (kept === undefined) {
      const column = (): Float64Array => new Float64Array(x.value.length);
      kept = {
        low: column(),
        high: column(),
        lowSize: column(),
        highSize: column(),
        roundings: column(),
        range: column(),
      };
      this.#kept.set(x, kept);
    }
    kept.low[i] = parts.low;
    kept.high[i] = parts.high;
    kept.lowSize[i] = parts.lowSize;
    kept.highSize[i] = parts.highSize;
    kept.roundings[i] = parts.roundings;
    kept.range[i] = parts.range;
  }
}

/** x[i] as the one term of a sum. */
export function term(x: IntervalColumn, i: number): Parts {
  return sized(x.low[i] as number, x.high[i] as number, 0, 0);
}

/** x[i] as the one factor of a product. */
export function factor(x: IntervalColumn, i: number): Parts {
  const [low, high] = [x.low[i] as number, x.high[i] as number];
  return sized(low, high, 0, Math.max(1, Math.abs(low), Math.abs(high)));
}

export function negated({ low, high, lowSize, highSize, roundings, range }: Parts): Parts {
  return { low: -high, high: -low, lowSize: highSize, highSize: lowSize, roundings, range };
}

/** a + b, which is one rounding more. */
export function plus(a: Parts, b: Parts): Parts {
  return {
    low: a.low + b.low,
    high: a.high + b.high,
    lowSize: a.lowSize + b.lowSize,
    highSize: a.highSize + b.highSize,
    roundings: a.roundings + b.roundings + 1,
    range: 0,
  };
}

/** a b, which lies in [low, high] and is off by so many roundings more. */
export function times(
  a: Parts,
  b: Parts,
  [low, high]: readonly [number, number],
  more: number,
): Parts {
  return sized(low, high, a.roundings + b.roundings + more, a.range * b.range);
}

/** 1 / x of an x that is not 0. */
export function inverse({ low, high, roundings, range }: Parts): Parts {
  // Of each factor f, max(1, 1 / |f|) = max(1, |f|) / |f|.
  const inverseRange = range / Math.min(Math.abs(low), Math.abs(high));
  return sized(1 / high, 1 / low, roundings, inverseRange);
}

/** A sum in any order. */
export function setSum(out: IntervalColumn, i: number, parts: Parts): void {
  setAnyOrder(out, i, parts, 0);
}

/** A product in any order. */
export function setProduct(out: IntervalColumn, i: number, parts: Parts): void {
  const { roundings, range } = parts;
  // `overflow / 4` is the inverse of the smallest normal number: with a larger range some order leaves
  // the format on the way, and its result is not bounded.
  if (range < out.format.overflow / 4) setAnyOrder(out, i, parts, roundings * range);
  else setAnything(out, i, out.value[i] as number);
}

// Objects are written out field by field: spread into one another they took four fifths of all the time.
function setAnyOrder(out: IntervalColumn, i: number, parts: Parts, underflows: number): void {
  const { low, high, lowSize, highSize, roundings } = parts;
  const value = out.value[i] as number;
  setTotal(out, i, { value, low, high, lowSize, highSize, roundings, underflows });
}

function sized(low: number, high: number, roundings: number, range: number): Parts {
  return { low, high, lowSize: Math.abs(low), highSize: Math.abs(high), roundings, range };
}
