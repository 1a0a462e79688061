import { LacunaError } from '../spec/errors.js';
import {
  type Attributes,
  type AttributeValue,
  COMPARISONS,
  DTYPES,
  type DType,
  factsOf,
  type PrimitiveAttributeKind,
  type PrimitiveName,
} from '../spec/program/index.js';
import { shorten } from './shorten.js';

/**
 * Checks that a primitive has exactly its attributes, each of its kind.
 *
 * @throws LacunaError that names the attribute.
 */
export function checkAttributes(op: PrimitiveName, attributes: Attributes): void {
  const kinds = new Map(Object.entries(factsOf(op).attributes));
  for (const [name, kind] of kinds) {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value !== undefined && fits(kind, value)) continue;
    throw new LacunaError({
      where: `attribute ${name}`,
      what: value === undefined ? 'an attribute is missing' : 'an attribute has the wrong value',
      ...(value === undefined ? {} : { got: shorten(String(value)) }),
      expected: EXPECTED[kind],
    });
  }
  const extra = Object.keys(attributes).find((name) => !kinds.has(name));
  if (extra === undefined) return;
  throw new LacunaError({
    where: op,
    what: 'there is no such attribute',
    got: shorten(extra),
    expected: kinds.size === 0 ? 'none' : [...kinds.keys()].join(', '),
  });
}

/**
 * Checks that each number can be a value of `dtype`: an integer in its range; for floats NaN, an
 * infinity or a number that does not round to one.
 */
export function checkLiteral(dtype: DType, data: readonly number[]): void {
  const index = data.findIndex((value) => !representable(dtype, value));
  if (index === -1) return;
  const value = data[index];
  throw new LacunaError({
    where: `element ${index}`,
    what: `a literal is out of the range of ${dtype}`,
    got: Object.is(value, -0) ? '-0' : String(value),
  });
}

function fits(kind: PrimitiveAttributeKind, value: AttributeValue): boolean {
  switch (kind) {
    case 'number':
      return typeof value === 'number';
    case 'natural':
      return isNatural(value);
    case 'numbers':
      return Array.isArray(value) && value.every((element) => typeof element === 'number');
    case 'naturals':
      return Array.isArray(value) && value.every(isNatural);
    case 'boolean':
      return typeof value === 'boolean';
    case 'dtype':
      return DTYPES.some((dtype) => dtype === value);
    case 'comparison':
      return COMPARISONS.some((direction) => direction === value);
    default:
      return kind satisfies never;
  }
}

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

const EXPECTED: Readonly<Record<PrimitiveAttributeKind, string>> = {
  number: 'a number',
  natural: 'an integer from 0',
  numbers: 'a list of numbers',
  naturals: 'a list of integers from 0',
  boolean: 'true or false',
  dtype: `one of ${DTYPES.join(', ')}, in quotes`,
  comparison: `one of ${COMPARISONS.join(', ')}, in quotes`,
};

function representable(dtype: DType, value: number): boolean {
  switch (dtype) {
    case 'f64':
      return true;
    case 'f32':
      return !Number.isFinite(value) || Number.isFinite(Math.fround(value));
    case 'f16':
      return !Number.isFinite(value) || Math.abs(value) < 65520; // rounds to at most 65504
    case 'bf16':
      return !Number.isFinite(value) || Math.abs(value) < (2 - 2 ** -8) * 2 ** 127;
    case 'i32':
      return Object.is(value | 0, value);
    case 'u8':
      return Object.is(value & 255, value);
    case 'bool':
      return Object.is(value, 0) || value === 1;
    default:
      return dtype satisfies never;
  }
}
