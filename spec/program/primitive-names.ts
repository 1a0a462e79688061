import type { Comparison, DType } from './element-type.js';
import {
  PRIMITIVE_FACTS,
  type PrimitiveAttributeKind,
  type PrimitiveFacts,
} from './primitive-facts.js';

type Facts = typeof PRIMITIVE_FACTS;

export type PrimitiveName = keyof Facts;

/** What each kind of attribute holds. */
interface AttributeTypes {
  readonly number: number;
  readonly natural: number;
  readonly numbers: readonly number[];
  readonly naturals: readonly number[];
  readonly boolean: boolean;
  readonly dtype: DType;
  readonly comparison: Comparison;
}

/** The attributes of each primitive. */
export type PrimitiveAttributes = {
  readonly [K in PrimitiveName]: {
    readonly [A in keyof Facts[K]['attributes']]: Facts[K]['attributes'][A] extends PrimitiveAttributeKind
      ? AttributeTypes[Facts[K]['attributes'][A]]
      : never;
  };
};

type NamesWith<F> = { [K in PrimitiveName]: Facts[K] extends F ? K : never }[PrimitiveName];

export type UnaryName = NamesWith<{ readonly class: 'unary' }>;
export type BinaryName = NamesWith<{ readonly class: 'binary' }>;
/** Primitives whose result at a place depends on their operands at that place alone. */
export type ElementwiseName = NamesWith<{ readonly class: 'unary' | 'binary' | 'elementwise' }>;
/** Primitives whose error a numeric contract states. */
export type AccuracyName = NamesWith<Pick<Required<PrimitiveFacts>, 'accuracy'>>;
/** Functions of one float that libraries approximate. */
export type FunctionName = UnaryName & AccuracyName;

/** In the order of the table. */
export const PRIMITIVE_NAMES = Object.keys(PRIMITIVE_FACTS) as readonly PrimitiveName[];
export const FUNCTION_NAMES: readonly FunctionName[] = PRIMITIVE_NAMES.filter(isFunctionName);

export function isPrimitiveName(name: string): name is PrimitiveName {
  return Object.hasOwn(PRIMITIVE_FACTS, name);
}

/** What is known of a primitive, with what is left out as `undefined`. */
export function factsOf(name: PrimitiveName): PrimitiveFacts {
  return PRIMITIVE_FACTS[name];
}

export function isElementwiseName(name: PrimitiveName): name is ElementwiseName {
  return ['unary', 'binary', 'elementwise'].includes(factsOf(name).class);
}

export function isUnaryName(name: PrimitiveName): name is UnaryName {
  return factsOf(name).class === 'unary';
}

export function isBinaryName(name: PrimitiveName): name is BinaryName {
  return factsOf(name).class === 'binary';
}

export function isAccuracyName(name: PrimitiveName): name is AccuracyName {
  return factsOf(name).accuracy !== undefined;
}

export function isFunctionName(name: PrimitiveName): name is FunctionName {
  return isUnaryName(name) && isAccuracyName(name);
}

/** A table with an entry for each name. */
export function tableOf<K extends string, T>(
  names: readonly K[],
  entry: (name: K) => T,
): Readonly<Record<K, T>> {
  return Object.fromEntries(names.map((name) => [name, entry(name)])) as Record<K, T>;
}
