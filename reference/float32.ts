import type { Arithmetic } from './arithmetic.js';
import { compareNumbers } from './float64.js';
import { LIBRARY } from './library-functions.js';

/** Rounded sums of the first `count` numbers of a list; each is a legal order for a backend. */
export const SUMMATIONS: Readonly<
  Record<Summation, (terms: Float32Array, count: number) => number>
> = {
  sequential: (terms, count) => {
    let total = 0;
    for (let k = 0; k < count; k++) total = Math.fround(total + at(terms, k));
    return total;
  },
  reversed: (terms, count) => {
    let total = 0;
    for (let k = count - 1; k >= 0; k--) total = Math.fround(total + at(terms, k));
    return total;
  },
  /** Eight running sums side by side, as vector units keep them, added up at the end. */
  blocked: (terms, count) => SUMMATIONS.sequential(sideBySide(terms, count, 8), 8),
  pairwise: (terms, count) => inPairs(terms, 0, count),
  /** Thirty-two running sums, added up in pairs, as a group of GPU threads does. */
  lanes: (terms, count) => SUMMATIONS.pairwise(sideBySide(terms, count, 32), 32),
  /** In float64, rounded once. */
  exact: (terms, count) => {
    let total = 0;
    for (let k = 0; k < count; k++) total += at(terms, k);
    return Math.fround(total);
  },
};

/** The sum of `count` terms from `first` on: that of the first half and that of the second. */
function inPairs(terms: Float32Array, first: number, count: number): number {
  if (count <= 2) {
    let total = 0;
    for (let k = first; k < first + count; k++) total = Math.fround(total + at(terms, k));
    return total;
  }
  const half = count >> 1;
  return Math.fround(inPairs(terms, first, half) + inPairs(terms, first + half, count - half));
}

/** One list for all running sums: to make one took longer than to fill it. */
const LANES = new Float32Array(32);

/** Running sums of every `lanes`-th term, until the next ones. */
function sideBySide(terms: Float32Array, count: number, lanes: number): Float32Array {
  LANES.fill(0, 0, lanes);
  for (let k = 0; k < count; k++) {
    const lane = k % lanes;
    LANES[lane] = at(LANES, lane) + at(terms, k);
  }
  return LANES;
}

export type Summation = 'sequential' | 'reversed' | 'blocked' | 'pairwise' | 'lanes' | 'exact';

/** What makes one legal float32 backend differ from another. */
export interface Float32Options {
  readonly summation: Summation;
  /** Add products to the running sum unrounded, as fused multiply-add does (in order). @defaultValue false */
  readonly fused?: boolean;
  /** The form in which operands of matrix products are read. @defaultValue unchanged */
  readonly roundFactor?: (x: number) => number;
}

/**
 * Float32: every result is rounded, the library functions are correctly rounded from float64.
 * Values of every float type are held as float32.
 */
export function float32(options: Float32Options): Arithmetic<Float32Array> {
  const { fused = false, roundFactor } = options;
  const sum = SUMMATIONS[options.summation];
  // One list of terms for all sums.
  let kept = new Float32Array(0);
  const termsOf = (count: number): Float32Array => {
    if (kept.length < count) kept = new Float32Array(count);
    return kept;
  };
  return {
    name: `float32, ${options.summation}${fused ? ', fused' : ''}`,
    allocate: (count) => new Float32Array(count),
    load: (data) => Float32Array.from(data),
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
      const argument = at(x, i);
      out[i] =
        name === 'rsqrt' ? 1 / Math.fround(Math.sqrt(argument)) : LIBRARY[name].value(argument);
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
      const count = offsets.length;
      const terms = termsOf(count);
      for (let k = 0; k < count; k++) terms[k] = at(x, base + at(offsets, k));
      out[i] = sum(terms, count);
    },
    maximum: (out, i, x, base, offsets) => {
      let largest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < offsets.length; k++) {
        largest = Math.max(largest, at(x, base + at(offsets, k)));
      }
      out[i] = largest;
    },
    dot: (out, i, a, b, count) => {
      const terms = termsOf(fused ? 0 : count);
      const [x, y] = [a.column, b.column];
      let running = 0;
      for (let n = 0; n < count; n++) {
        let left = at(x, a.start + n * a.step);
        let right = at(y, b.start + n * b.step);
        if (roundFactor !== undefined) {
          left = roundFactor(left);
          right = roundFactor(right);
        }
        const product = left * right;
        if (fused) running = Math.fround(running + product);
        else terms[n] = product;
      }
      out[i] = fused ? running : sum(terms, count);
    },
  };
}

/** x[i], which exists: shapes are checked before any element is read. */
function at(x: Float32Array | Int32Array, i: number): number {
  return x[i] as number;
}
