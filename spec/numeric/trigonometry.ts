import { LacunaError } from '../errors.js';

// pi/2 in three parts; the first two have 33 significant bits, so that their products with
// integers below 2^20 are exact.
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487959506e-21;
const LARGEST_ANGLE = 1_000_000;

/**
 * sin x for |x| <= 10^6 radians, within 1 unit in the last place, the same on every machine:
 * x less the nearest multiple of pi/2, then Taylor series to degree 17.
 */
export function sin(x: number): number {
  const quarter = quarterTurn(x);
  const { r, tail } = remainder(x, quarter);
  const value = quarter % 2 === 0 ? sinNearZero(r, tail) : cosNearZero(r, tail);
  return isLowerHalf(quarter) ? -value : value;
}

/** cos x for |x| <= 10^6 radians, within 1 unit in the last place: see `sin`. */
export function cos(x: number): number {
  const quarter = quarterTurn(x);
  const { r, tail } = remainder(x, quarter);
  const value = quarter % 2 === 0 ? cosNearZero(r, tail) : sinNearZero(r, tail);
  return isLowerHalf(quarter + 1) ? -value : value;
}

function quarterTurn(x: number): number {
  if (x >= -LARGEST_ANGLE && x <= LARGEST_ANGLE) return Math.floor(x * 0.6366197723675814 + 0.5);
  throw new LacunaError({
    what: 'an angle is out of bounds',
    got: String(x),
    expected: `at most ${LARGEST_ANGLE} radians either way`,
  });
}

/** Whether the quarter turn n is 2 or 3 modulo 4. */
function isLowerHalf(n: number): boolean {
  return (n & 2) !== 0;
}

/** x - n pi/2 as r + tail, to about 118 bits of pi/2. */
function remainder(x: number, n: number): { r: number; tail: number } {
  const first = x - n * HALF_PI_1;
  const product = n * HALF_PI_2;
  const second = first - product;
  const low = n * HALF_PI_3 - (first - second - product);
  const r = second - low;
  return { r, tail: second - r - low };
}

/** sin(x + tail) for |x| <= pi/4. */
function sinNearZero(x: number, tail: number): number {
  const z = x * x;
  let sum = 1 / 355687428096000;
  sum = sum * z - 1 / 1307674368000;
  sum = sum * z + 1 / 6227020800;
  sum = sum * z - 1 / 39916800;
  sum = sum * z + 1 / 362880;
  sum = sum * z - 1 / 5040;
  sum = sum * z + 1 / 120;
  // sin(x + tail) = x - x^3/6 + x^5 sum + tail (1 - x^2/2)
  const cube = z * x;
  return x + (cube * (z * sum - 1 / 6) + (tail - 0.5 * z * tail));
}

/** cos(x + tail) for |x| <= pi/4. */
function cosNearZero(x: number, tail: number): number {
  const z = x * x;
  let sum = 1 / 6402373705728000;
  sum = 1 / 20922789888000 - sum * z;
  sum = sum * z - 1 / 87178291200;
  sum = sum * z + 1 / 479001600;
  sum = sum * z - 1 / 3628800;
  sum = sum * z + 1 / 40320;
  sum = sum * z - 1 / 720;
  sum = sum * z + 1 / 24;
  // cos(x + tail) = 1 - x^2/2 + x^4 sum - x tail, the rounding of 1 - x^2/2 given back
  const half = 0.5 * z;
  const lead = 1 - half;
  return lead + (1 - lead - half + (z * z * sum - x * tail));
}
