import { LacunaError } from '../errors.js';
import type { FloatType } from '../program/types.js';
import {
  BFLOAT16,
  BINARY16,
  BINARY16_CUT,
  BINARY32,
  BINARY32_FLUSHED,
  BINARY64,
  type FloatFormat,
  TF32_CUT,
} from './number-format.js';
import type { Accuracy, ContractErrors } from './numeric-contract.js';

type Formats = Readonly<Record<FloatType, FloatFormat>>;
const IEEE: Formats = { f64: BINARY64, f32: BINARY32, f16: BINARY16, bf16: BFLOAT16 };

function ulps(count: number): () => Accuracy {
  const accuracy = { ulps: count, absolute: 0 };
  return () => accuracy;
}

/**
 * Accuracies of the IEEE contracts: those of the OpenCL C 3.0 specification, section 7.4, full
 * profile, single precision; division and square root are rounded to nearest.
 */
const OPENCL: ContractErrors['accuracy'] = {
  div: ulps(0.5),
  sqrt: ulps(0.5),
  rsqrt: ulps(2),
  exp: ulps(3),
  log: ulps(3),
  erf: ulps(16),
  tanh: ulps(5),
};

/**
 * Accuracies of the WGSL specification, section "Floating Point Evaluation", "Floating Point
 * Accuracy": exp 3 + 2 |x| ulp; log 2^-21 for x in [0.5, 2], else 3 ulp; inverseSqrt 2 ulp; division
 * 2.5 ulp; sqrt as 1 / inverseSqrt, hence 2 + 2.5 and one rounding. WGSL has no erf:
 * composed of + * and exp, its error stays that of OpenCL, since the part with exp(-x^2), wrong by
 * (3 + 2 x^2) ulp, is at most 0.16 of the result where |x| > 1, and a series does without exp below.
 * Its own tanh may be off by 1e-5, more than a small argument itself: composed in the same way, with
 * 2 / (e^2x + 1) at most 0.31 of the result where |x| > 1, it keeps OpenCL's error too.
 */
const WGSL: ContractErrors['accuracy'] = {
  div: ulps(2.5),
  sqrt: ulps(5),
  rsqrt: ulps(2),
  exp: (low, high) => ({ ulps: 3 + 2 * Math.max(Math.abs(low), Math.abs(high)), absolute: 0 }),
  log: (low, high) => ({ ulps: 3, absolute: low <= 2 && high >= 0.5 ? 2 ** -21 : 0 }),
  erf: ulps(16),
  tanh: ulps(5),
};

const F32_IEEE: ContractErrors = {
  name: 'f32-ieee',
  since: '1.0',
  format: (dtype) => IEEE[dtype],
  accuracy: OPENCL,
  flushBelow: 2 ** -126,
  factors: undefined,
  nonFinite: 'kept',
  signedZeros: 'kept',
  unbiased: true,
  reassociates: false,
};

/**
 * Reassociation: the WGSL specification, section "Reassociation and Fusion"; the signs of zeros, which
 * may be ignored: section "Differences from IEEE-754".
 */
const F32_WGSL: ContractErrors = {
  ...F32_IEEE,
  name: 'f32-wgsl',
  format: (dtype) => (dtype === 'f32' ? BINARY32_FLUSHED : IEEE[dtype]),
  accuracy: WGSL,
  nonFinite: 'undefined',
  signedZeros: 'undefined',
  reassociates: true,
};

/** The contracts, by name; `NumericContract` says what each is. */
export const CONTRACTS: Readonly<Record<ContractErrors['name'], ContractErrors>> = {
  'f64-ieee': {
    ...F32_IEEE,
    name: 'f64-ieee',
    format: () => BINARY64,
    flushBelow: 2 ** -1022,
  },
  'f32-ieee': F32_IEEE,
  'f32-flush': {
    ...F32_IEEE,
    name: 'f32-flush',
    format: (dtype) => (dtype === 'f32' ? BINARY32_FLUSHED : IEEE[dtype]),
  },
  'f32-wgsl': F32_WGSL,
  'tf32-products': { ...F32_IEEE, name: 'tf32-products', factors: TF32_CUT },
  'f16-products-wgsl': { ...F32_WGSL, name: 'f16-products-wgsl', factors: BINARY16_CUT },
  'f16-storage-f32-arithmetic': {
    ...F32_IEEE,
    name: 'f16-storage-f32-arithmetic',
    format: (dtype) => (dtype === 'f64' ? BINARY64 : BINARY16),
    flushBelow: 2 ** -14,
    unbiased: false,
  },
};

/** @throws LacunaError for a name that is not in the list. */
export function contractNamed(name: string): ContractErrors {
  const contract = Object.values(CONTRACTS).find((known) => known.name === name);
  if (contract !== undefined) return contract;
  throw new LacunaError({
    what: 'there is no numeric contract of this name',
    got: name,
    expected: `one of ${Object.keys(CONTRACTS).join(', ')}`,
  });
}
