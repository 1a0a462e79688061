import type { DType } from './element-type.js';
import type { PrimitiveAttributes, PrimitiveName } from './primitive-names.js';

/** The extent of each axis, outermost first; `[]` is a scalar. An extent may be zero. */
export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What a program input is for; state roles persist from step to step (see `STATE_ROLES`). */
export type Role =
  | 'data'
  | 'constant'
  | 'schedule'
  | 'parameter'
  | 'optimizer'
  | 'statistic'
  | 'average'
  | 'scaler'
  | 'counter';

export const ROLES: readonly Role[] = [
  'data',
  'constant',
  'schedule',
  'parameter',
  'optimizer',
  'statistic',
  'average',
  'scaler',
  'counter',
];

/** Roles of inputs that a step reads and replaces: an output of the same name is their next value. */
export const STATE_ROLES: readonly Role[] = [
  'parameter',
  'optimizer',
  'statistic',
  'average',
  'scaler',
  'counter',
];

/** A value's name, unique in its program, and its type. */
export interface ValueDeclaration extends TensorType {
  readonly name: string;
}

export interface ProgramInput extends ValueDeclaration {
  readonly role: Role;
  /** For role `constant`: the spec function that makes the table, as text: `sinusoid(1568,768)`. */
  readonly source?: string;
}

export interface ProgramOutput {
  /** The name that a run returns it under; for state, the name of the input that it replaces. */
  readonly name: string;
  /** The name of the value. */
  readonly value: string;
}

export type AttributeValue = number | boolean | string | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Larger constants are inputs of role `constant`, so that texts stay readable and files small. */
export const MAX_LITERAL = 1024;

/** An application of primitive `K`: one result. */
export type Primitive<K extends PrimitiveName = PrimitiveName> = {
  [P in K]: {
    readonly op: P;
    readonly operands: readonly string[];
    readonly attributes: PrimitiveAttributes[P];
    readonly results: readonly [ValueDeclaration];
  };
}[K];

/** A call of a composite (`spec/program/composite.ts`): one or more results. */
export interface Call {
  readonly op: 'call';
  readonly composite: string;
  readonly operands: readonly string[];
  readonly attributes: Attributes;
  readonly results: readonly ValueDeclaration[];
}

export type Operation = Primitive | Call;

/** A tensor program: plain data, in single-assignment order. */
export interface Program {
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly operations: readonly Operation[];
  readonly outputs: readonly ProgramOutput[];
}

/** The number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `f32[2,3]`: the way a type is written in texts and messages. */
export function formatType({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(',')}]`;
}

export function isStateRole(role: Role): boolean {
  return STATE_ROLES.includes(role);
}
