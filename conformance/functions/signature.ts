import type { FunctionName } from '../../protocol/function-call.js';

/** An attribute of a function: plain JSON. */
export interface AttributeSpec {
  readonly type: 'integer' | 'number' | 'choice';
  /** The values of a choice. */
  readonly choices?: readonly string[];
  readonly text: string;
}

/** An input or output tensor of a function. */
export interface TensorSpec {
  /** Its name; one with `*` stands for every name of that form. */
  readonly name: string;
  /** `float` is f32 or f64: whichever the other floats of the call are. */
  readonly dtype: 'i32' | 'u8' | 'float';
  /** Extents: letters, numbers and products of them; `...` for any. */
  readonly shape: readonly string[];
  readonly text: string;
}

/** A function of the specification as ports implement it. */
export interface FunctionSignature {
  readonly function: FunctionName;
  readonly text: string;
  /** The ids of the clauses that its cases judge. */
  readonly clauses: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What an implementer must know beside the clauses' formulas, step by step. */
  readonly details: readonly string[];
}
