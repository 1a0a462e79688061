import { matmul, neg, type Program, ProgramBuilder } from '../../spec/index.js';

/** A program that shows what a device can do, and what it does in a run. */
export interface Probe {
  /** Has one output, `c`, in f32; its inputs may hold any small numbers. */
  readonly program: Program;
  /** Of `c`. */
  readonly shape: readonly [rows: number, columns: number];
  /** Multiplications and additions. */
  readonly flops: number;
  /** What is read and written at least. */
  readonly bytes: number;
}

/** Rows, inner dimension and columns of a product. */
export type ProductShape = readonly [rows: number, inner: number, columns: number];

/** c [M, N] = a [M, K] b [K, N]. */
export function productProbe([rows, inner, columns]: ProductShape): Probe {
  const builder = new ProgramBuilder('product');
  const a = builder.input('a', 'f32', [rows, inner], 'parameter');
  const b = builder.input('b', 'f32', [inner, columns], 'parameter');
  builder.output('c', matmul(a, b));
  const elements = rows * inner + inner * columns + rows * columns;
  return {
    program: builder.finish(),
    shape: [rows, columns],
    flops: 2 * rows * inner * columns,
    bytes: 4 * elements,
  };
}

const COPIED_COLUMNS = 1024;

/** c = -a, of so many megabytes (2^20 bytes) each: as a copy, but none that a compiler leaves out. */
export function copyProbe(megabytes: number): Probe {
  const shape = [(megabytes * 2 ** 18) / COPIED_COLUMNS, COPIED_COLUMNS] as const;
  const builder = new ProgramBuilder('copy');
  builder.output('c', neg(builder.input('a', 'f32', shape, 'parameter')));
  return { program: builder.finish(), shape, flops: 0, bytes: 2 * megabytes * 2 ** 20 };
}
