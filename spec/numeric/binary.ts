const double = new Float64Array([1]);
const words = new Uint32Array(double.buffer);
/** Which half of a double's bits holds sign and exponent: 1 on little-endian machines. */
const HIGH = words[1] === 0 ? 0 : 1;

const SMALLEST_EXPONENT = -1074;
const POWERS_OF_TWO: Float64Array = powersOfTwo();

/** The integer k for which x * 2^-k lies in [0.7071, 1.4143); x is finite and above 0. */
export function binaryExponent(x: number): number {
  double[0] = x;
  let high = words[HIGH] as number;
  let shift = 1023;
  if (high < 0x100000) {
    double[0] = x * 18014398509481984; // subnormal: times 2^54, exact
    high = words[HIGH] as number;
    shift = 1077;
  }
  // 0x3ff6a09c, the upper half of sqrt(2), carries into the exponent.
  return ((high + 0x95f64) >>> 20) - shift;
}

/** x * 2^k, rounded once, for |k| <= 2044. */
export function scaleByPowerOfTwo(x: number, k: number): number {
  if (k > 1023) return x * powerOfTwo(1023) * powerOfTwo(k - 1023);
  if (k < -1022) return x * powerOfTwo(k + 1022) * powerOfTwo(-1022);
  return x * powerOfTwo(k);
}

/** The largest power of two that is at most x; x is finite and above 0. */
export function binade(x: number): number {
  const near = powerOfTwo(Math.min(binaryExponent(x), 1023));
  return near > x ? near / 2 : near;
}

/** 2^k for an integer k from -1074 to 1023, from a table, since rounding asks for millions. */
export function powerOfTwo(k: number): number {
  return POWERS_OF_TWO[k - SMALLEST_EXPONENT] as number;
}

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(1024 - SMALLEST_EXPONENT);
  let power = 5e-324;
  for (let i = 0; i < powers.length; i++) {
    powers[i] = power;
    power *= 2;
  }
  return powers;
}
