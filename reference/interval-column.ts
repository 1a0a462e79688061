import type { FloatFormat } from '../spec/contracts/index.js';

/**
 * Numbers with the interval of what a backend may compute for them: `value` is what float64 has.
 * [-Infinity, Infinity] stands for "anything, NaN too"; an interval of NaN for a certain NaN.
 */
export interface IntervalColumn {
  readonly value: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly format: FloatFormat;
}

/** Covers the float64 rounding of the values and of the intervals' own ends, with room. */
export const OWN_ROUNDOFF: number = 2 ** -51;

/** A sum of intervals: of the values and the ends, and of the sizes of the ends. */
export interface Total {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly lowSize: number;
  readonly highSize: number;
  /** How many roundings a term passes through at most. */
  readonly roundings: number;
  /** How many products may underflow, each counted as often as what it is multiplied with. */
  readonly underflows: number;
}

export function setTotal(out: IntervalColumn, i: number, total: Total): void {
  const { unitRoundoff, underflow, overflow, flushBelow } = out.format;
  if (Math.max(total.lowSize, total.highSize) >= overflow) {
    setAnything(out, i, total.value);
    return;
  }
  const drift = total.roundings * (unitRoundoff + OWN_ROUNDOFF);
  const gamma = drift / (1 - drift);
  const zeros = total.lowSize === 0 && total.highSize === 0;
  // A product may underflow; where subnormals count as 0, so may every partial sum.
  const steps = total.underflows + (flushBelow === 0 ? 0 : total.roundings);
  const lost = zeros ? 0 : steps * Math.max(underflow, flushBelow);
  const low = total.low - gamma * total.lowSize - lost;
  const high = total.high + gamma * total.highSize + lost;
  // Terms of one sign cannot add up to the other.
  const lowest = total.low === total.lowSize ? Math.max(0, low) : low;
  const highest = total.high === -total.highSize ? Math.min(0, high) : high;
  setChecked(out, i, total.value, lowest, highest);
}

/** One rounding of a number in [low, high]. */
export function setWidened(
  out: IntervalColumn,
  i: number,
  value: number,
  low: number,
  high: number,
): void {
  if (low === high) {
    setRounded(out, i, value);
    return;
  }
  const { unitRoundoff, underflow } = out.format;
  const relative = unitRoundoff + OWN_ROUNDOFF;
  const lowest = lowered(low, Math.abs(low) * relative + underflow);
  setChecked(out, i, value, lowest, -lowered(-high, Math.abs(high) * relative + underflow));
}

/** A lower end less an error: rounding keeps the sign. */
function lowered(low: number, error: number): number {
  return low >= 0 ? Math.max(0, low - error) : low - error;
}

/** The one rounding of the result of an operation on exactly known numbers. */
export function setRounded(out: IntervalColumn, i: number, value: number): void {
  const rounded = out.format.round(value);
  if (rounded === value && Number.isFinite(value) && Math.fround(value) !== value) {
    // A format as long as our own float64 leaves `value` as it is, so its rounding does not show: the
    // exact result may lie half a unit away. What fits float32 is taken to be exact.
    const half = Math.abs(value) * (out.format.unitRoundoff + OWN_ROUNDOFF);
    set(out, i, value, value - half, value + half);
  } else {
    setStored(out, i, value);
  }
}

/**
 * A number in [low, high] as a product may read it: converted to the column's format, up or down, or
 * not at all. What the format can hold is not changed.
 */
export function setFactor(
  out: IntervalColumn,
  i: number,
  value: number,
  low: number,
  high: number,
): void {
  const { unitRoundoff, underflow, overflow, round } = out.format;
  // Both ends are the same infinity, or NaN: converting it changes nothing.
  if (Object.is(low, high) && !Number.isFinite(low)) {
    set(out, i, value, low, high);
    return;
  }
  if (!(low > -overflow && high < overflow)) {
    setAnything(out, i, value);
    return;
  }
  const isHeld = low === high && round(low) === low;
  const error = (x: number): number =>
    isHeld ? 0 : Math.max(Math.abs(x) * unitRoundoff, underflow);
  setFlushed(out, i, value, lowered(low, error(low)), -lowered(-high, error(high)));
}

/** Makes each number the interval of those that are rounded to it. */
export function unround({ value, low, high, format }: IntervalColumn): void {
  const { unitRoundoff, underflow } = format;
  for (let i = 0; i < value.length; i++) {
    const error = Math.abs(value[i] as number) * unitRoundoff + underflow;
    low[i] = (low[i] as number) - error;
    high[i] = (high[i] as number) + error;
  }
}

/** A number from outside and the one that storage makes of it. */
export function setStored(out: IntervalColumn, i: number, value: number): void {
  const rounded = out.format.round(value);
  if (Number.isFinite(rounded) || Number.isNaN(value)) {
    setFlushed(out, i, value, Math.min(value, rounded), Math.max(value, rounded));
  } else {
    set(out, i, rounded, rounded, rounded);
  }
}

export function setChecked(
  out: IntervalColumn,
  i: number,
  value: number,
  low: number,
  high: number,
): void {
  const { overflow } = out.format;
  if (Number.isNaN(value)) {
    // NaN for certain only if the ends are NaN, too: then it comes of exactly known numbers.
    if (Number.isNaN(low) && Number.isNaN(high)) set(out, i, value, value, value);
    else setAnything(out, i, value);
  } else if (low >= overflow) {
    set(out, i, Infinity, Infinity, Infinity);
  } else if (high <= -overflow) {
    set(out, i, -Infinity, -Infinity, -Infinity);
  } else if (!(low > -overflow && high < overflow)) {
    setAnything(out, i, value);
  } else {
    setFlushed(out, i, value, low, high);
  }
}

/** Where a number may be subnormal and the format may read that as 0, it may be 0. */
function setFlushed(
  out: IntervalColumn,
  i: number,
  value: number,
  low: number,
  high: number,
): void {
  const { flushBelow } = out.format;
  const least = low > 0 && low < flushBelow ? 0 : low;
  const most = high < 0 && high > -flushBelow ? 0 : high;
  set(out, i, value, least, most);
}

export function setAnything(out: IntervalColumn, i: number, value: number): void {
  set(out, i, value, -Infinity, Infinity);
}

export function set(
  out: IntervalColumn,
  i: number,
  value: number,
  low: number,
  high: number,
): void {
  out.value[i] = value;
  out.low[i] = low;
  out.high[i] = high;
}
