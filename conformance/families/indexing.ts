import fc from 'fast-check';
import type { DType, Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family } from '../case.js';
import { draw, extent, positiveExtent, regime, shape } from '../generators/draws.js';

const content = { regime, draw };

/** Batches, the indexed extent, the number of indices, and the length of a row. */
const rows = fc.record({
  batch: fc.constantFrom(0, 1, 2),
  size: positiveExtent,
  count: extent,
  row: fc.constantFrom(1, 2, 7, 16),
  ...content,
});

function gather(dtype: DType): Family {
  const id = dtype === 'f32' ? 'primitive/gather' : `primitive/gather/${dtype}`;
  return family(id, rows, ({ batch, size, count, row, ...data }) => {
    const outer = [2, 3].slice(0, batch);
    const inputs = {
      x: { dtype, shape: [...outer, size, row] },
      indices: { dtype: 'i32' as const, shape: [...outer, count], below: size },
    };
    return buildCase('gather', inputs, data, ({ x, indices }) => ({
      result: x.builder.primitive('gather', [x, indices], { batch }),
    }));
  });
}

const scatterAdd = family('primitive/scatter_add', rows, ({ batch, size, count, row, ...data }) => {
  const outer = [2, 3].slice(0, batch);
  const inputs = {
    indices: { dtype: 'i32' as const, shape: [...outer, count], below: size },
    updates: { shape: [...outer, count, row] },
  };
  return buildCase('scatter_add', inputs, data, ({ indices, updates }) => ({
    result: updates.builder.primitive('scatter_add', [indices, updates], { batch, size }),
  }));
});

/** A literal alone would make a program without inputs, which says nothing of a backend's use. */
const iota = family(
  'primitive/iota',
  fc.record({ shape: shape(1, 4), axis: fc.nat({ max: 3 }), ...content }),
  ({ shape: extents, axis, ...data }) =>
    buildCase('iota', { x: { dtype: 'i32', shape: extents } }, data, ({ x }, builder) => {
      const attributes = { shape: extents, axis: axis % extents.length };
      const counted = builder.primitive('iota', [], attributes);
      return { result: builder.primitive('add', [x, counted], {}) };
    }),
);

const number = fc.constantFrom(0, 1, -1, 0.1, 1e-6, -1000.5, 1 / 3, 2 ** -100, 16777217, 3e38);
const numbers = fc.array(number, { minLength: 1, maxLength: 17 });

const constant = family(
  'primitive/constant',
  fc.record({ numbers, ...content }),
  ({ numbers: data, ...rest }) =>
    buildCase('constant', { x: { shape: [data.length] } }, rest, (_, builder) => {
      const literal = (list: readonly number[], shape: readonly number[]): Value =>
        builder.primitive('constant', [], { dtype: 'f32', shape, data: list });
      const [first = 0] = data;
      const long = Array.from({ length: 300 }, (_, i) => data[i % data.length] ?? 0);
      return {
        result: literal(data, [data.length]),
        one: literal([first], []),
        long: literal(long, [300]),
        // Alike but for the last element.
        alike: literal([...long.slice(0, -1), first + 1], [300]),
      };
    }),
);

export const INDEXING_FAMILIES: readonly Family[] = [
  gather('f32'),
  gather('i32'),
  scatterAdd,
  iota,
  constant,
];
