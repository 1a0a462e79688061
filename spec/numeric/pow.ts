import { LacunaError } from '../errors.js';
import { binaryExponent, scaleByPowerOfTwo } from './binary.js';
import { expOfSum } from './exp.js';
import { LN_2_HIGH, LN_2_LOW } from './log.js';

/**
 * x^y = e^(y ln x) for finite x > 0 and y, within 1 unit in the last place, the same on every
 * machine. The logarithm and its product with y are carried in two doubles.
 */
export function pow(x: number, y: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY || !Number.isFinite(y)) {
    throw new LacunaError({
      what: 'a power is out of its domain',
      got: `${x}^${y}`,
      expected: 'a finite base above 0 and a finite exponent',
    });
  }
  const k = binaryExponent(x);
  const m = scaleByPowerOfTwo(x, -k);
  // s = (m - 1) / (m + 1) as s + sLow: m - 1 is exact, m + 1 = sum + sumLow.
  const f = m - 1;
  const sum = m + 1;
  const sumLow = m < 1 ? m - (sum - 1) : 1 - (sum - m);
  const s = f / sum;
  const sLow = (f - s * sum - productError(s, sum) - s * sumLow) / sum;
  // ln m = 2 s + 2 s (s^2/3 + s^4/5 + ...)
  const z = s * s;
  let series = 2 / 23;
  for (let n = 21; n >= 3; n -= 2) series = series * z + 2 / n;
  const small = s * z * series + 2 * sLow;
  // ln x = k ln 2 + ln m as high + low
  const parts = k * LN_2_HIGH;
  const lead = parts + 2 * s;
  const back = lead - parts;
  const leadLow = parts - (lead - back) + (2 * s - back);
  const rest = leadLow + (small + k * LN_2_LOW);
  const high = lead + rest;
  const low = lead - high + rest;
  const exponent = y * high;
  return expOfSum(exponent, productError(y, high) + y * low);
}

/** a * b - fl(a * b), exact barring overflow (Dekker's product). */
function productError(a: number, b: number): number {
  const product = a * b;
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = upperHalf(b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** The upper 26 bits of a double (Veltkamp's splitting). */
function upperHalf(a: number): number {
  const scaled = a * 134217729;
  return scaled - (scaled - a);
}

/**
 * x^n for an integer n >= 0 by squaring from the lowest bit of n: at most n - 1 roundings' worth of
 * error. Used for beta^t, where a port must multiply in the same order.
 */
export function powInteger(x: number, n: number): number {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new LacunaError({
      what: 'the exponent of an integer power is out of bounds',
      got: String(n),
      expected: 'an integer in [0, 2^53)',
    });
  }
  let result = 1;
  for (let square = x; n > 0; square *= square) {
    if (n % 2 === 1) result *= square;
    n = Math.floor(n / 2);
  }
  return result;
}
