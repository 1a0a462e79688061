import fc from 'fast-check';
import { randomInputs } from '../../core/testing/random-inputs.js';
import { randomProgram } from '../../core/testing/random-program.js';
import { add, broadcast, matmul, slice, type Value } from '../../spec/program/index.js';
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

/** A product of a piece that begins anywhere: backends read it where it lies. */
const slicedProduct = family(
  'program/sliced-product',
  fc.record({
    rows: fc.constantFrom(1, 3, 5, 8),
    inner: fc.constantFrom(1, 4, 8, 17),
    columns: fc.constantFrom(1, 4, 5, 16),
    start: fc.constantFrom(1, 2, 3, 4, 5, 7),
    transposed: fc.boolean(),
    draw,
  }),
  ({ rows, inner, columns, start, transposed, draw: seed }) => {
    const inputs = {
      a: { shape: [rows + start, inner + start] },
      b: { shape: transposed ? [columns, inner + start] : [inner + start, columns] },
    };
    return buildCase('sliced', inputs, { regime: 'normal', draw: seed }, ({ a, b }) => {
      const left = slice(slice(a, 0, start, start + rows), 1, start, start + inner);
      const right = slice(b, transposed ? 1 : 0, start, start + inner);
      return { product: matmul(left, right, { transposeB: transposed }) };
    });
  },
  { clauses: ['op.programs'] },
);

export const RANDOM_FAMILIES: readonly Family[] = [addend, slicedProduct, random];
