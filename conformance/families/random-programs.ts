import fc from 'fast-check';
import { randomInputs } from '../../core/testing/random-inputs.js';
import { randomProgram } from '../../core/testing/random-program.js';
import {
  add,
  broadcast,
  matmul,
  reshape,
  slice,
  transpose,
  type Value,
} from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family, programCase } from '../case.js';
import { draw } from '../generators/draws.js';

const choices = fc.array(fc.nat(), { maxLength: 300, size: 'max' });

/**
 * Well-typed programs of up to 40 operations: rules of a backend that look at an operation's
 * neighbours meet every neighbour here. Programs and data are functions of lists of numbers.
 */
const random = family(
  'program/random',
  fc.record({ program: choices, data: choices }),
  ({ program: list, data }) => {
    const program = randomProgram(list, { tame: true });
    return programCase(program, [randomInputs(program, data, { tame: true })]);
  },
  {
    clauses: ['op.programs'],
    exemption: {
      judged: 0.5,
      reason: 'operations drawn at random cancel, and their bounds grow with each',
    },
  },
);

/** A product and what is added to it, by row, by column or whole: backends fuse some of these. */
const addend = family(
  'program/addend',
  fc.record({
    rows: fc.constantFrom(1, 3, 5),
    columns: fc.constantFrom(1, 3, 5, 16),
    inner: fc.constantFrom(1, 4, 17),
    shape: fc.constantFrom('row', 'column', 'one', 'whole', 'vector'),
    first: fc.boolean(),
    twice: fc.boolean(),
    draw,
  }),
  ({ rows, columns, inner, shape: kind, first, twice, draw: seed }) => {
    const shapes = {
      row: [1, columns],
      column: [rows, 1],
      one: [1],
      whole: [rows, columns],
      vector: [columns],
    };
    const inputs = {
      a: { shape: [rows, inner] },
      b: { shape: [columns, inner] },
      c: { shape: shapes[kind as keyof typeof shapes] },
    };
    return buildCase(
      'addend',
      inputs,
      { regime: 'normal', draw: seed },
      ({ a, b, c }): Readonly<Record<string, Value>> => {
        const product = matmul(a, b, { transposeB: true });
        const stretched = broadcast(c, [rows, columns]);
        const sum = first ? add(stretched, product) : add(product, stretched);
        return twice ? { sum, product } : { sum };
      },
    );
  },
  { clauses: ['op.programs'] },
);

/**
 * A product of a piece that begins anywhere, in a row that may be whole fours: backends read it where
 * it lies, and by fours only where it begins at one.
 */
const slicedProduct = family(
  'program/sliced-product',
  fc.record({
    rows: fc.constantFrom(1, 3, 5, 8),
    inner: fc.constantFrom(1, 4, 8, 17),
    columns: fc.constantFrom(1, 4, 5, 16),
    start: fc.constantFrom(1, 2, 3, 4, 5, 7),
    fours: fc.boolean(),
    transposed: fc.boolean(),
    draw,
  }),
  ({ rows, inner, columns, start, fours, transposed, draw: seed }) => {
    const width = (extent: number): number =>
      fours ? Math.ceil((start + extent) / 4) * 4 : start + extent;
    const stored = [width(inner), width(columns)] as const;
    const inputs = {
      a: { shape: [rows + start, stored[0]] },
      b: { shape: transposed ? stored.toReversed() : stored },
    };
    const piece = (whole: Value, first: number, second: number): Value =>
      slice(slice(whole, 0, start, start + first), 1, start, start + second);
    return buildCase('sliced', inputs, { regime: 'normal', draw: seed }, ({ a, b }) => {
      const left = piece(a, rows, inner);
      const right = transposed ? piece(b, columns, inner) : piece(b, inner, columns);
      return { product: matmul(left, right, { transposeB: transposed }) };
    });
  },
  { clauses: ['op.programs'] },
);

/**
 * A run of the elements of a transposed matrix, which ends before the end of a row, at it, or one
 * beyond it: backends that read it where it lies divide its places by the row's length, or need not.
 */
const slicedRun = family(
  'program/sliced-run',
  fc.record({
    rows: fc.constantFrom(2, 3, 5),
    columns: fc.constantFrom(2, 3, 4, 8),
    start: fc.nat({ max: 9 }),
    beyond: fc.constantFrom(-1, 0, 1, 3),
    draw,
  }),
  ({ rows, columns, start: wanted, beyond, draw: seed }) => {
    const start = wanted % columns;
    const end = Math.min(rows * columns, Math.max(start + 1, columns + beyond));
    return buildCase(
      'run',
      { a: { shape: [columns, rows] } },
      { regime: 'normal', draw: seed },
      ({ a }) => {
        const row = reshape(transpose(a, [1, 0]), [rows * columns]);
        const run = slice(row, 0, start, end);
        return { run, sum: add(run, run) };
      },
    );
  },
  { clauses: ['op.programs'] },
);

export const RANDOM_FAMILIES: readonly Family[] = [addend, slicedProduct, slicedRun, random];
