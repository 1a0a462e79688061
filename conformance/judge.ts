import type { HostTensor } from '../core/backend.js';
import type { Bounds, ExactTensor, FloatBounds } from '../reference/index.js';
import { formatType, isFloat, sameShape } from '../spec/program/index.js';

/** The worst element of an output. */
export interface Deviation {
  readonly output: string;
  /** Along each axis. */
  readonly index: readonly number[];
  readonly got: number;
  readonly want: number;
  /** How far `got` may lie from `want` on its side. */
  readonly bound: number;
  /** |got - want| / bound: above 1 is out of bounds. */
  readonly ratio: number;
}

/** What came of comparing one output with its bounds. */
export interface Judgement {
  readonly elements: number;
  /** Elements that may be anything, as two legal backends may differ without limit. */
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
  let undecided = 0;
  let worst: Deviation | undefined;
  for (let i = 0; i < elements; i++) {
    const deviation =
      'value' in bounds
        ? deviationOfFloat(bounds, i, got.data[i] as number)
        : deviationOfExact(bounds, i, got.data[i] as number);
    if (deviation === undefined) undecided += 1;
    else if (worst === undefined || deviation.ratio > worst.ratio) {
      worst = { output, index: unflatten(i, got.shape), ...deviation };
    }
  }
  return { elements, undecided, ...(worst === undefined ? {} : { worst }) };
}

type Measured = Pick<Deviation, 'got' | 'want' | 'bound' | 'ratio'>;

function deviationOfFloat(bounds: FloatBounds, i: number, got: number): Measured | undefined {
  const [want, low, high] = [bounds.value[i], bounds.low[i], bounds.high[i]] as [
    number,
    number,
    number,
  ];
  if (low === -Infinity && high === Infinity) return undefined;
  if (Number.isNaN(want) || !Number.isFinite(want)) {
    return { got, want, bound: 0, ratio: Object.is(got, want) ? 0 : Infinity };
  }
  const bound = got < want ? want - low : high - want;
  const error = Math.abs(got - want);
  if (got >= low && got <= high)
    return { got, want, bound, ratio: bound === 0 ? 0 : error / bound };
  return { got, want, bound, ratio: Number.isNaN(got) ? Infinity : error / bound };
}

function deviationOfExact(want: ExactTensor, i: number, got: number): Measured | undefined {
  if (want.unsure?.[i] === 1) return undefined;
  const exact = want.data[i] as number;
  return { got, want: exact, bound: 0, ratio: got === exact ? 0 : Infinity };
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
