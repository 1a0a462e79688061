import type { RandomStream } from '../../spec/random/index.js';

/** Sizes as negative exponents of 2. */
const SMALL = [140, 130, 70, 60, 0];

/**
 * Kinds of data, made from the constants of the spec: where its formulas are weak, faults show and
 * careless bounds break. Infinities and NaN are not among
 * them: families of their own have those.
 */
export const REGIMES: Readonly<Record<Regime, (stream: RandomStream) => number>> = {
  /** N(0, 1). */
  normal: (stream: RandomStream): number => stream.normal(),
  /** A mean a thousand times the deviation: variances by cancellation fail. */
  offset: (stream: RandomStream): number => 1000 + stream.normal(),
  /** Gradients late in training: an update of relative size 1e-6 must not be lost. */
  tiny: (stream: RandomStream): number => 1e-6 * stream.normal(),
  /** Deviations near sqrt(1e-6), the eps of the norms. */
  nearEps: (stream: RandomStream): number => 1e-3 * stream.normal(),
  /** Few different numbers, so that comparisons and maxima meet equals. */
  ties: (stream: RandomStream): number => stream.integer(5) - 2,
  /** Mostly zeros of both signs. */
  zeros: (stream: RandomStream): number => [0, -0, 0, -0, stream.normal()][stream.integer(5)] ?? 0,
  /** Equal terms: sums in order drift by far more than random ones. */
  constant: (): number => 0.1,
  /** Logits near the overflow of exp in float32. */
  logits: (stream: RandomStream): number => Math.max(-85, Math.min(85, 40 * stream.normal())),
  /** Numbers below the least normal one, and products that fall there. */
  subnormal: (stream: RandomStream): number =>
    2 ** -(SMALL[stream.integer(SMALL.length)] ?? 0) * stream.normal(),
  /** Magnitudes from 1e-6 to 1e6 side by side. */
  mixed: (stream: RandomStream): number => 10 ** (stream.integer(13) - 6) * stream.normal(),
};

export type Regime =
  | 'normal'
  | 'offset'
  | 'tiny'
  | 'nearEps'
  | 'ties'
  | 'zeros'
  | 'constant'
  | 'logits'
  | 'subnormal'
  | 'mixed';
