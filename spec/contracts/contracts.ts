import { LacunaError } from '../errors.js';
import type { FloatType } from '../program/element-type.js';
import { type Grant, PRIMITIVE_FACTS, type PrimitiveFacts } from '../program/primitive-facts.js';
import {
  type AccuracyName,
  isAccuracyName,
  PRIMITIVE_NAMES,
  tableOf,
} from '../program/primitive-names.js';
import {
  BFLOAT16,
  BFLOAT16_CUT,
  BINARY16,
  BINARY16_CUT,
  BINARY32,
  BINARY32_FLUSHED,
  BINARY64,
  type FloatFormat,
  TF32_CUT,
} from './number-format.js';
import type { Accuracy, ContractErrors, NumericContract } from './numeric-contract.js';

type Formats = Readonly<Record<FloatType, FloatFormat>>;
const IEEE: Formats = { f64: BINARY64, f32: BINARY32, f16: BINARY16, bf16: BFLOAT16 };

const ALGEBRAIC: readonly AccuracyName[] = ['div', 'sqrt', 'rsqrt'];

/** What contracts state an error of: the quotient and the roots, then the other functions. */
export const ACCURACY_NAMES: readonly AccuracyName[] = [
  ...ALGEBRAIC,
  ...PRIMITIVE_NAMES.filter(isAccuracyName).filter((name) => !ALGEBRAIC.includes(name)),
];

type Grants = NonNullable<PrimitiveFacts['accuracy']>;

function granted(by: (grants: Grants) => Grant): ContractErrors['accuracy'] {
  return tableOf(ACCURACY_NAMES, (name) => accuracy(by(PRIMITIVE_FACTS[name].accuracy)));
}

function accuracy({
  ulps,
  ulpsPerUnit = 0,
  absolute,
}: Grant): (low: number, high: number) => Accuracy {
  const rounded = { ulps, absolute: 0 };
  if (ulpsPerUnit === 0 && absolute === undefined) return () => rounded;
  return (low, high) => ({
    // An argument may be infinite, and 0 times that is NaN.
    ulps: ulpsPerUnit === 0 ? ulps : ulps + ulpsPerUnit * Math.max(Math.abs(low), Math.abs(high)),
    absolute:
      absolute !== undefined && low <= absolute.high && high >= absolute.low
        ? 2 ** absolute.exponent
        : 0,
  });
}

const IEEE_GRANTS = granted(({ ieee }) => ieee);
const WGSL_GRANTS = granted(({ wgsl }) => wgsl);

const F32_IEEE: ContractErrors = {
  name: 'f32-ieee',
  since: '1.0',
  format: (dtype) => IEEE[dtype],
  accuracy: IEEE_GRANTS,
  accuracyWithin: IEEE_GRANTS,
  flushBelow: 2 ** -126,
  factors: undefined,
  nonFinite: 'kept',
  signedZeros: 'kept',
  unbiased: true,
  reassociates: false,
};

const F32_FLUSH: ContractErrors = {
  ...F32_IEEE,
  name: 'f32-flush',
  format: (dtype) => (dtype === 'f32' ? BINARY32_FLUSHED : IEEE[dtype]),
};

/**
 * Reassociation: the WGSL specification, section "Reassociation and Fusion"; the signs of zeros, which
 * may be ignored: section "Differences from IEEE-754".
 */
const F32_WGSL: ContractErrors = {
  ...F32_IEEE,
  name: 'f32-wgsl',
  format: (dtype) => (dtype === 'f32' ? BINARY32_FLUSHED : IEEE[dtype]),
  accuracy: WGSL_GRANTS,
  accuracyWithin: WGSL_GRANTS,
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
  'f32-flush': F32_FLUSH,
  'f32-libm': {
    ...F32_IEEE,
    name: 'f32-libm',
    since: '1.0',
    accuracy: granted(({ ieee, libm = ieee }) => libm),
    accuracyWithin: granted(({ ieee, libm = ieee, libmWithin = libm }) => libmWithin),
  },
  'f32-wgsl': F32_WGSL,
  'tf32-products': { ...F32_IEEE, name: 'tf32-products', factors: TF32_CUT },
  'bf16-products': { ...F32_FLUSH, name: 'bf16-products', factors: BFLOAT16_CUT },
  'f16-products-wgsl': { ...F32_WGSL, name: 'f16-products-wgsl', factors: BINARY16_CUT },
  'f16-storage-f32-arithmetic': {
    ...F32_IEEE,
    name: 'f16-storage-f32-arithmetic',
    format: (dtype) => (dtype === 'f64' ? BINARY64 : BINARY16),
    flushBelow: 2 ** -14,
    unbiased: false,
  },
};

export const CONTRACT_NAMES = Object.keys(CONTRACTS) as readonly NumericContract[];

/** @throws LacunaError for a name that is not in the list. */
export function contractNamed(name: string): ContractErrors {
  const contract = Object.values(CONTRACTS).find((known) => known.name === name);
  if (contract !== undefined) return contract;
  throw new LacunaError({
    what: 'there is no numeric contract of this name',
    got: name,
    expected: `one of ${CONTRACT_NAMES.join(', ')}`,
  });
}
