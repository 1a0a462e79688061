import fc from 'fast-check';
import type { DType, Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family } from '../case.js';
import { draw, extent, regime, shape } from '../generators/draws.js';

const dtype: fc.Arbitrary<DType> = fc.constantFrom('f32', 'f32', 'i32', 'bool');
const content = { dtype, regime, draw };
/** Numbers from which each axis takes what it needs: a permutation, starts, paddings. */
const choices = fc.array(fc.nat({ max: 7 }), { minLength: 8, maxLength: 8 });

const reshape = family(
  'primitive/reshape',
  fc.record({ shape: shape(0, 4), split: fc.boolean(), ...content }),
  ({ shape: extents, split, dtype: type, ...data }) =>
    buildCase('reshape', { x: { dtype: type, shape: extents } }, data, ({ x }) => {
      const count = extents.reduce((product, value) => product * value, 1);
      const target = split && count % 2 === 0 ? [2, 1, count / 2] : [count];
      return { result: x.builder.primitive('reshape', [x], { shape: target }) };
    }),
);

const transpose = family(
  'primitive/transpose',
  fc.record({ shape: shape(1, 4), choices, ...content }),
  ({ shape: extents, choices: keys, dtype: type, ...data }) =>
    buildCase('transpose', { x: { dtype: type, shape: extents } }, data, ({ x }) => {
      const key = (axis: number): number => keys[axis] as number;
      const permutation = extents.map((_, axis) => axis).sort((a, b) => key(a) - key(b));
      return { result: x.builder.primitive('transpose', [x], { permutation }) };
    }),
);

const broadcast = family(
  'primitive/broadcast',
  fc.record({ shape: shape(0, 4), choices, ...content }),
  ({ shape: target, choices: keys, dtype: type, ...data }) => {
    const own = target.map((value, axis) => ((keys[axis] as number) % 2 === 0 ? 1 : value));
    const source = own.slice(Math.min((keys[7] as number) % 3, own.length));
    return buildCase('broadcast', { x: { dtype: type, shape: source } }, data, ({ x }) => ({
      result: x.builder.primitive('broadcast', [x], { shape: target }),
    }));
  },
);

const slice = family(
  'primitive/slice',
  fc.record({ shape: shape(1, 4), choices, ...content }),
  ({ shape: extents, choices: keys, dtype: type, ...data }) =>
    buildCase('slice', { x: { dtype: type, shape: extents } }, data, ({ x }) => {
      const key = (axis: number): number => keys[axis] as number;
      const starts = extents.map((value, axis) => Math.min(key(axis) % 3, value));
      const ends = extents.map((value, axis) =>
        Math.max(starts[axis] as number, value - (key(axis + 4) % 3)),
      );
      return { result: x.builder.primitive('slice', [x], { starts, ends }) };
    }),
);

const pad = family(
  'primitive/pad',
  fc.record({ shape: shape(1, 4), choices, value: fc.constantFrom(0, 0, 1), ...content }),
  ({ shape: extents, choices: keys, value, dtype: type, ...data }) =>
    buildCase('pad', { x: { dtype: type, shape: extents } }, data, ({ x }) => {
      const low = extents.map((_, axis) => (keys[axis] as number) % 3);
      const high = extents.map((_, axis) => (keys[axis + 4] as number) % 3);
      return { result: x.builder.primitive('pad', [x], { low, high, value }) };
    }),
);

const concat = family(
  'primitive/concat',
  fc.record({ shape: shape(1, 3), axis: fc.nat({ max: 2 }), other: extent, ...content }),
  ({ shape: extents, axis, other, dtype: type, ...data }) => {
    const along = axis % extents.length;
    const second = extents.map((value, a) => (a === along ? other : value));
    const inputs = {
      a: { dtype: type, shape: extents },
      b: { dtype: type, shape: second },
      c: { dtype: type, shape: extents },
    };
    return buildCase('concat', inputs, data, ({ a, b, c }) => ({
      result: a.builder.primitive('concat', [a, b, c], { axis: along }),
    }));
  },
);

/** More operands than a device may bind buffers, of different extents. */
const concatOfMany = family(
  'primitive/concat/many',
  fc.record({
    extents: fc.array(fc.constantFrom(0, 1, 2, 3, 5), { minLength: 9, maxLength: 33 }),
    rows: fc.constantFrom(1, 2, 3),
    axis: fc.constantFrom(0, 1),
    ...content,
  }),
  ({ extents, rows, axis, dtype: type, ...data }) => {
    const inputs = Object.fromEntries(
      extents.map((extent, i) => [
        `x${i}`,
        { dtype: type, shape: axis === 0 ? [extent, rows] : [rows, extent] },
      ]),
    );
    return buildCase('concat', inputs, data, (values) => {
      const parts = Object.values(values);
      const [first] = parts as [Value];
      return { result: first.builder.primitive('concat', parts, { axis }) };
    });
  },
);

export const SHAPE_FAMILIES: readonly Family[] = [
  reshape,
  transpose,
  broadcast,
  slice,
  pad,
  concat,
  concatOfMany,
];
