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

/** Judges an output against its bounds. The sign of zero does not count. */
export function judge(output: string, got: HostTensor | undefined, bounds: Bounds): Judgement {
  const elements = 'value' in bounds ? bounds.value.length : bounds.data.length;
  const mismatch = describeMismatch(got, bounds, elements);
  if (mismatch !== undefined || got === undefined) {
    return { elements, undecided: 0, mismatch: `${output}: ${mismatch}` };
  }
  const scale = 'value' in bounds ? largest(bounds.value) : 0;
  let undecided = 0;
  let worst: Deviation | undefined;
  for (let i = 0; i < elements; i++) {
    const deviation =
      'value' in bounds
        ? deviationOfFloat(bounds, i, got.data[i] as number, scale)
        : deviationOfExact(bounds, i, got.data[i] as number);
    if (deviation === undefined) undecided += 1;
    else if (worst === undefined || deviation.ratio > worst.ratio) {
      worst = { output, index: unflatten(i, got.shape), ...deviation };
    }
  }
  return { elements, undecided, ...(worst === undefined ? {} : { worst }) };
}

type Measured = Pick<Deviation, 'got' | 'want' | 'low' | 'high' | 'ratio'>;

function deviationOfFloat(
  { value, low: lows, high: highs }: FloatBounds,
  i: number,
  got: number,
  scale: number,
): Measured | undefined {
  const [want, low, high] = [value[i], lows[i], highs[i]] as [number, number, number];
  if (low === -Infinity && high === Infinity) return undefined;
  if (low === high || Number.isNaN(want)) {
    const same = got === want || (Number.isNaN(got) && Number.isNaN(want));
    return { got, want, low, high, ratio: same ? 0 : Infinity };
  }
  const radius = (high - low) / 2;
  const ratio = Math.abs(got - (low + high) / 2) / radius;
  const within = got >= low && got <= high;
  if (within && radius >= scale) return undefined;
  // Where the interval is as short as float64 itself, the ratio is not exact but the verdict is.
  if (within) return { got, want, low, high, ratio: Math.min(ratio, 1) };
  const beyond = Number.isNaN(ratio) ? Infinity : Math.max(ratio, 1 + Number.EPSILON);
  return { got, want, low, high, ratio: beyond };
}

/** The largest finite size. */
function largest(values: Float64Array): number {
  return values.reduce((most, value) => {
    const size = Math.abs(value);
    return Number.isFinite(size) ? Math.max(most, size) : most;
  }, 0);
}

function deviationOfExact(bounds: ExactTensor, i: number, got: number): Measured | undefined {
  if (bounds.unsure?.[i] === 1) return undefined;
  const want = bounds.data[i] as number;
  return { got, want, low: want, high: want, ratio: got === want ? 0 : Infinity };
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
