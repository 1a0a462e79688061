/**
 * erf(x) = 2 / sqrt(pi) * the integral of e^(-t^2) from 0 to x, in float64 with an error below
 * 1 unit in the last place.
 *
 * Rational approximations on |x| < 0.84375, < 1.25, < 1/0.35 and < 6, above which erf is 1 to
 * working precision. Source: S. Moshier and Sun Microsystems, fdlibm `s_erf.c`.
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size >= 6) return Math.sign(x);
  if (size < 0.84375) {
    if (size < 2 ** -28) return x + EFX * x;
    const z = x * x;
    return x + x * (polynomial(PP, z) / polynomial(QQ, z));
  }
  if (size < 1.25) {
    const s = size - 1;
    return Math.sign(x) * (ERX + polynomial(PA, s) / polynomial(QA, s));
  }
  return Math.sign(x) * (1 - complement(size));
}

/** erfc(x) for x in [1.25, 6): e^(-x^2 - 0.5625) in two factors, so that x^2 loses no bits. */
function complement(x: number): number {
  const s = 1 / (x * x);
  const tail =
    x < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
  // The upper half of x, whose square is exact.
  const z = Math.fround(x);
  const upper = z > x ? z - 2 ** -20 : z;
  return (Math.exp(-upper * upper - 0.5625) * Math.exp((upper - x) * (upper + x) + tail)) / x;
}

/** The polynomial with these coefficients, the constant one first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + (coefficients[i] as number);
  return sum;
}

const EFX = 0.1283791670955126;
const ERX = 0.8450629115104675;
const PP = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442,
  -2.3763016656650163e-5,
];
const QQ = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164,
  -3.960228278775368e-6,
];
const PA = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175,
  -0.11089469428239668, 0.035478304325618236, -0.002166375594868791,
];
const QA = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164,
  0.01363708391202905, 0.011984499846799107,
];
const RA = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006,
  -162.39666946257347, -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const SA = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679,
  429.00814002756783, 108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const RB = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192,
  -637.5664433683896, -1025.0951316110772, -483.5191916086514,
];
const SB = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955,
  2553.0504064331644, 474.52854120695537, -22.44095244658582,
];
