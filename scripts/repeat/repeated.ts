import type { HostTensor, Named } from '../../core/backend.js';
import {
  elementCount,
  type Program,
  ProgramBuilder,
  type Shape,
  type TensorType,
  type Value,
} from '../../spec/program/index.js';

/** A program to run again and again on the same inputs. */
export interface Repeated {
  readonly name: string;
  /** The shapes of the operands, in words. */
  readonly size: string;
  readonly program: Program;
  /** Made on demand: those of all operations together are gigabytes. */
  readonly inputs: () => Named<HostTensor>;
  /** Input name to output name. @defaultValue none */
  readonly donate?: Named<string>;
}

/** The type of an operand, and below which its integers are. */
export type Operand = TensorType & { readonly below?: number };

/** A program of the results that `body` makes of inputs of these types. */
export function repeated(
  name: string,
  operands: readonly Operand[],
  body: (values: readonly Value[], builder: ProgramBuilder) => readonly Value[],
  donate: Named<string> = {},
): Repeated {
  const builder = new ProgramBuilder('repeated');
  const values = operands.map(({ dtype, shape }, i) =>
    builder.input(`x${i}`, dtype, shape, 'data'),
  );
  body(values, builder).forEach((value, i) => {
    builder.output(`y${i}`, value);
  });
  const shapes = operands.map(({ shape }) => `[${shape.join(' ')}]`);
  return {
    name,
    size: shapes.join(' '),
    program: builder.finish(),
    inputs: () =>
      Object.fromEntries(operands.map((operand, i) => [`x${i}`, colliding(operand, i + 1)])),
    donate,
  };
}

export const f32 = (...shape: Shape): Operand => ({ dtype: 'f32', shape });
export const bool = (...shape: Shape): Operand => ({ dtype: 'bool', shape });
export const i32 = (below: number, ...shape: Shape): Operand => ({ dtype: 'i32', shape, below });

/**
 * Floats in [1/4, 5/4) with all bits of their fractions, so that another order of a sum is another
 * sum. Every second integer is one of three, so that threads meet in few rows.
 */
function colliding({ dtype, shape, below = 2 }: Operand, seed: number): HostTensor {
  const length = elementCount(shape);
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  if (dtype === 'f32') {
    return { dtype, shape, data: Float32Array.from({ length }, () => 0.25 + next()) };
  }
  if (dtype === 'bool') {
    return { dtype, shape, data: Uint8Array.from({ length }, () => (next() < 0.5 ? 0 : 1)) };
  }
  const data = Int32Array.from({ length }, (_, i) =>
    i % 2 === 0 ? Math.floor(next() * below) : (i >> 1) % Math.min(3, below),
  );
  return { dtype: 'i32', shape, data };
}
