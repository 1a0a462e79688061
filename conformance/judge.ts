import type { HostTensor } from '../core/backend.js';
import type { Bounds, ExactTensor, FloatBounds } from '../reference/index.js';
import { formatType, isFloat, sameShape } from '../spec/program/index.js';

/** The worst element of an output. */
export interface Deviation {
  readonly output: string;
  /** Along each axis. */
  readonly index: readonly number[];
  readonly got: number;
  /** What float64 has. */
  readonly want: number;
  /** Between these every legal result lies. */
  readonly low: number;
  readonly high: number;
  /** The distance from the middle of the interval, in half lengths of it: above 1 is out of bounds. */
  readonly ratio: number;
}

/** What came of comparing one output with its bounds. */
export interface Judgement {
  readonly elements: number;
  /** Elements whose bound is no smaller than the largest of the output: judging them proves nothing. */
  readonly undecided: number;
  /** Present where there is an element to judge. */
  readonly worst?: Deviation;
  /** Why the output cannot be judged at all: its type is wrong, or it is missing. */
  readonly mismatch?: string;
}

/**
 * Judges an output against its bounds. The sign of zero counts where the bounds say so, of results that
 * are exact.
 */
export function judge(output: string, got: HostTensor | undefined, bounds: Bounds): Judgement {
  const elements = 'value' in bounds ? bounds.value.length : bounds.data.length;
  const mismatch = describeMismatch(got, bounds, elements);
  if (mismatch !== undefined || got === undefined) {
    return { elements, undecided: 0, mismatch: `${output}: ${mismatch}` };
  }
  const ratioAt = 'value' in bounds ? floatRatios(bounds, got.data) : exactRatios(bounds, got.data);
  let undecided = 0;
  let at = -1;
  let ratio = -1;
  for (let i = 0; i < elements; i++) {
    const own = ratioAt(i);
    if (own === UNDECIDED) undecided += 1;
    else if (own > ratio) {
      at = i;
      ratio = own;
    }
  }
  if (at === -1) return { elements, undecided };
  const [want, low, high] =
    'value' in bounds
      ? [bounds.value[at], bounds.low[at], bounds.high[at]]
      : [bounds.data[at], bounds.data[at], bounds.data[at]];
  const limits = { want: want as number, low: low as number, high: high as number };
  const index = unflatten(at, got.shape);
  const worst = { output, index, got: got.data[at] as number, ...limits, ratio };
  return { elements, undecided, worst };
}

/** In the place of a ratio: judging this element proves nothing. */
const UNDECIDED = -1;

/** For each element its distance from the middle of its interval, in half lengths of that. */
function floatRatios(
  { value, low: lows, high: highs, signedZeros = false }: FloatBounds,
  data: HostTensor['data'],
): (i: number) => number {
  const scale = largest(value);
  return (i) => {
    const low = lows[i] as number;
    const high = highs[i] as number;
    const got = data[i] as number;
    if (low === -Infinity && high === Infinity) return UNDECIDED;
    const want = value[i] as number;
    if (low === high || Number.isNaN(want)) {
      const same = want === 0 && signedZeros ? Object.is(got, want) : got === want;
      return same || (Number.isNaN(got) && Number.isNaN(want)) ? 0 : Infinity;
    }
    const radius = (high - low) / 2;
    const ratio = Math.abs(got - (low + high) / 2) / radius;
    if (got >= low && got <= high) {
      // Where the interval is as short as float64 itself, the ratio is not exact but the verdict is.
      return radius >= scale ? UNDECIDED : Math.min(ratio, 1);
    }
    return Number.isNaN(ratio) ? Infinity : Math.max(ratio, 1 + Number.EPSILON);
  };
}

/** The largest finite size. */
function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > most && size !== Infinity) most = size;
  }
  return most;
}

function exactRatios(bounds: ExactTensor, data: HostTensor['data']): (i: number) => number {
  return (i) => {
    if (bounds.unsure?.[i] === 1) return UNDECIDED;
    return data[i] === bounds.data[i] ? 0 : Infinity;
  };
}

function describeMismatch(
  got: HostTensor | undefined,
  bounds: Bounds,
  elements: number,
): string | undefined {
  if (got === undefined) return 'the output is missing';
  if (got.dtype !== bounds.dtype || !sameShape(got.shape, bounds.shape)) {
    return `the type is ${formatType(got)}, not ${formatType(bounds)}`;
  }
  if (got.data.length !== elements) return `${got.data.length} elements, not ${elements}`;
  if (isFloat(got.dtype) && got.data instanceof Uint16Array)
    return '16-bit data cannot be judged yet';
  return undefined;
}

function unflatten(i: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const extent of [...shape].reverse()) {
    index.unshift(i % extent);
    i = Math.floor(i / extent);
  }
  return index;
}
