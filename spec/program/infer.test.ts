import { describe, expect, it } from 'vitest';
import { LacunaError } from '../errors.js';
import {
  FUNCTION_NAMES,
  formatType,
  inferType,
  type PrimitiveAttributes,
  type PrimitiveName,
  type TensorType,
  tableOf,
} from './index.js';

/** `f32[2,3]` as a type. */
function type(text: string): TensorType {
  const [dtype, extents = ''] = text.replace(']', '').split('[');
  const shape = extents === '' ? [] : extents.split(',').map(Number);
  return { dtype: dtype as TensorType['dtype'], shape };
}

/** An operation as text operands, its attributes, and its type or the error. */
type Case<K extends PrimitiveName> = readonly [string, PrimitiveAttributes[K], string | RegExp];

const binaryNumbers: readonly Case<'add'>[] = [
  ['f32[2,3] f32[2,3]', {}, 'f32[2,3]'],
  ['i32[0] i32[0]', {}, 'i32[0]'],
  ['f16[] f16[]', {}, 'f16[]'],
  [
    'f32[2] f32[3]',
    {},
    /the shapes differ; got f32\[2\] and f32\[3\], expected one shape\. Broadcast/,
  ],
  ['f32[1] f32[]', {}, /the shapes differ/],
  ['f32[2] f64[2]', {}, /the operands differ in type; got f32\[2\] and f64\[2\]/],
  [
    'u8[2] u8[2]',
    {},
    /the element type is not supported; got u8\[2\], expected a float type or i32/,
  ],
  ['bool[2] bool[2]', {}, /the element type is not supported; got bool\[2\]/],
  ['f32[2]', {}, /the number of operands is wrong; got 1, expected 2/],
  ['f32[2] f32[2] f32[2]', {}, /the number of operands is wrong; got 3, expected 2/],
];
const unaryFloats: readonly Case<'exp'>[] = [
  ['bf16[2,3]', {}, 'bf16[2,3]'],
  ['f64[]', {}, 'f64[]'],
  ['i32[2]', {}, /the element type is not supported; got i32\[2\], expected a float type/],
  ['bool[2]', {}, /the element type is not supported/],
  ['', {}, /the number of operands is wrong; got 0, expected 1/],
  ['f32[2] f32[2]', {}, /the number of operands is wrong; got 2, expected 1/],
];
const binaryBools: readonly Case<'and'>[] = [
  ['bool[2] bool[2]', {}, 'bool[2]'],
  ['bool[2] bool[3]', {}, /the shapes differ/],
  ['i32[2] i32[2]', {}, /the element type is not supported; got i32\[2\], expected bool/],
];
const reductions: readonly Case<'reduce_sum'>[] = [
  ['f32[2,3,4]', { axes: [0, 2], keep: false }, 'f32[3]'],
  ['f32[2,3,4]', { axes: [0, 2], keep: true }, 'f32[1,3,1]'],
  ['i32[2,3]', { axes: [0, 1], keep: false }, 'i32[]'],
  ['f32[2,3]', { axes: [], keep: false }, 'f32[2,3]'],
  ['f32[2,0]', { axes: [0], keep: false }, 'f32[0]'],
  ['f32[2,3]', { axes: [2], keep: false }, /the axis does not exist; got axis 2 of f32\[2,3\]/],
  ['f32[2,3]', { axes: [-1], keep: false }, /the axis does not exist; got axis -1/],
  ['f32[2,3]', { axes: [0.5], keep: false }, /the axis does not exist/],
  ['f32[2,3]', { axes: [1, 0], keep: false }, /the axes are not ascending; got \[1,0\]/],
  ['f32[2,3]', { axes: [1, 1], keep: true }, /the axes are not ascending/],
  ['u8[2,3]', { axes: [0], keep: false }, /the element type is not supported; got u8/],
];
const plain = { transpose_a: false, transpose_b: false };

const CASES: { readonly [K in PrimitiveName]: readonly Case<K>[] } = {
  add: binaryNumbers,
  sub: binaryNumbers,
  mul: binaryNumbers,
  min: binaryNumbers,
  max: binaryNumbers,
  div: [
    ['f32[2] f32[2]', {}, 'f32[2]'],
    ['i32[2] i32[2]', {}, /the element type is not supported; got i32\[2\], expected a float type/],
  ],
  neg: [
    ['i32[2]', {}, 'i32[2]'],
    ['f32[]', {}, 'f32[]'],
    ['bool[2]', {}, /the element type is not supported/],
  ],
  ...tableOf(FUNCTION_NAMES, () => unaryFloats),
  and: binaryBools,
  or: binaryBools,
  not: [
    ['bool[2]', {}, 'bool[2]'],
    ['f32[2]', {}, /the element type is not supported; got f32\[2\], expected bool/],
  ],
  is_finite: [
    ['f32[2]', {}, 'bool[2]'],
    ['i32[2]', {}, /the element type is not supported/],
  ],
  compare: [
    ['f32[2] f32[2]', { direction: 'lt' }, 'bool[2]'],
    ['i32[] i32[]', { direction: 'ne' }, 'bool[]'],
    ['f32[2] i32[2]', { direction: 'lt' }, /the operands differ in type/],
    ['bool[2] bool[2]', { direction: 'eq' }, /the element type is not supported/],
    ['f32[2] f32[1]', { direction: 'lt' }, /the shapes differ/],
  ],
  select: [
    ['bool[2] f32[2] f32[2]', {}, 'f32[2]'],
    ['bool[] u8[] u8[]', {}, 'u8[]'],
    ['i32[2] f32[2] f32[2]', {}, /the condition is no bool; got i32\[2\]/],
    ['bool[2] f32[2] f64[2]', {}, /the branches differ in type; got f32\[2\] and f64\[2\]/],
    ['bool[1] f32[2] f32[2]', {}, /the shapes differ; got bool\[1\] and f32\[2\] and f32\[2\]/],
    ['bool[2] f32[2] f32[3]', {}, /the shapes differ/],
    ['bool[2] f32[2]', {}, /the number of operands is wrong; got 2, expected 3/],
  ],
  cast: [
    ['u8[2,3]', { dtype: 'f32' }, 'f32[2,3]'],
    ['f32[]', { dtype: 'bool' }, 'bool[]'],
  ],
  reduce_sum: reductions,
  reduce_max: [
    ...reductions,
    ['f32[2,0]', { axes: [1], keep: false }, /the maximum of nothing is undefined; got f32\[2,0\]/],
  ],
  matmul: [
    ['f32[2,3] f32[3,4]', plain, 'f32[2,4]'],
    ['f32[3,2] f32[3,4]', { ...plain, transpose_a: true }, 'f32[2,4]'],
    ['f32[2,3] f32[4,3]', { ...plain, transpose_b: true }, 'f32[2,4]'],
    ['f32[3,2] f32[4,3]', { transpose_a: true, transpose_b: true }, 'f32[2,4]'],
    ['f64[5,1,2,3] f64[5,1,3,4]', plain, 'f64[5,1,2,4]'],
    ['f32[2,0] f32[0,4]', plain, 'f32[2,4]'],
    ['f32[0,2,3] f32[0,3,4]', plain, 'f32[0,2,4]'],
    [
      'f32[2,3] f32[2,4]',
      plain,
      /the inner extents differ; got f32\[2,3\] and f32\[2,4\]: 3 and 2/,
    ],
    ['f32[2,3] f32[3,4]', { ...plain, transpose_a: true }, /the inner extents differ.*: 2 and 3/],
    ['f32[5,2,3] f32[1,3,4]', plain, /the batch axes differ/],
    ['f32[5,2,3] f32[3,4]', plain, /the ranks do not fit.*expected one rank, at least 2/],
    ['f32[3] f32[3]', plain, /the ranks do not fit/],
    ['i32[2,3] i32[3,4]', plain, /the types do not fit.*expected one float type/],
    ['f32[2,3] f64[3,4]', plain, /the types do not fit/],
  ],
  reshape: [
    ['f32[2,3]', { shape: [3, 1, 2] }, 'f32[3,1,2]'],
    ['u8[1]', { shape: [] }, 'u8[]'],
    ['f32[0,3]', { shape: [7, 0] }, 'f32[7,0]'],
    ['f32[2,3]', { shape: [5] }, /the number of elements changes; got f32\[2,3\] to \[5\]/],
    ['f32[2,3]', { shape: [-2, -3] }, /an extent is no natural number; got \[-2,-3\]/],
    ['f32[2,3]', { shape: [1.5, 4] }, /an extent is no natural number/],
  ],
  transpose: [
    ['f32[2,3,4]', { permutation: [1, 2, 0] }, 'f32[3,4,2]'],
    ['f32[]', { permutation: [] }, 'f32[]'],
    [
      'f32[2,3]',
      { permutation: [0, 0] },
      /not a permutation of the axes; got \[0,0\] of f32\[2,3\]/,
    ],
    ['f32[2,3]', { permutation: [0] }, /not a permutation/],
    ['f32[2,3]', { permutation: [0, 1, 2] }, /not a permutation/],
    ['f32[2,3]', { permutation: [-1, 0] }, /not a permutation/],
  ],
  broadcast: [
    ['f32[3]', { shape: [2, 3] }, 'f32[2,3]'],
    ['f32[2,1]', { shape: [2, 5] }, 'f32[2,5]'],
    ['f32[1]', { shape: [0] }, 'f32[0]'],
    ['bool[]', { shape: [2] }, 'bool[2]'],
    [
      'f32[3]',
      { shape: [2] },
      /the shape cannot be stretched; got f32\[3\] to \[2\], expected equal/,
    ],
    ['f32[2]', { shape: [2, 3] }, /the shape cannot be stretched/],
    ['f32[1,3]', { shape: [3] }, /the shape cannot be stretched/],
    ['f32[0]', { shape: [1] }, /the shape cannot be stretched/],
    ['f32[1]', { shape: [-1] }, /an extent is no natural number/],
  ],
  slice: [
    ['f32[4,5]', { starts: [1, 0], ends: [3, 5] }, 'f32[2,5]'],
    ['f32[4]', { starts: [4], ends: [4] }, 'f32[0]'],
    [
      'f32[4]',
      { starts: [3], ends: [5] },
      /axis 0 is out of range; got \[3, 5\), expected within \[0, 4\)/,
    ],
    ['f32[4]', { starts: [-1], ends: [4] }, /axis 0 is out of range/],
    ['f32[4]', { starts: [3], ends: [2] }, /axis 0 is out of range/],
    ['f32[4]', { starts: [0.5], ends: [2] }, /axis 0 is out of range/],
    [
      'f32[4,5]',
      { starts: [0], ends: [4] },
      /there must be one entry an axis; got 1 and 1, expected 2/,
    ],
  ],
  pad: [
    ['f32[2,3]', { low: [1, 0], high: [0, 2], value: 0 }, 'f32[3,5]'],
    ['f32[0]', { low: [1], high: [1], value: 0 }, 'f32[2]'],
    ['f32[2]', { low: [-1], high: [0], value: 0 }, /an extent is no natural number/],
    [
      'f32[2]',
      { low: [0], high: [0, 1], value: 0 },
      /there must be one entry an axis; got 1 and 2, expected 1/,
    ],
  ],
  concat: [
    ['f32[2,3] f32[2,0] f32[2,4]', { axis: 1 }, 'f32[2,7]'],
    ['u8[2]', { axis: 0 }, 'u8[2]'],
    ['f32[2,3] f32[1,3]', { axis: 1 }, /the operands differ elsewhere than on axis 1/],
    ['f32[2] f64[2]', { axis: 0 }, /the operands differ elsewhere/],
    ['f32[2] f32[2,1]', { axis: 0 }, /the operands differ elsewhere/],
    ['f32[2] f32[2]', { axis: 1 }, /the axis does not exist/],
    ['f32[] f32[]', { axis: 0 }, /the axis does not exist/],
    ['', { axis: 0 }, /an operand is missing/],
  ],
  gather: [
    ['f32[5,3] i32[2]', { batch: 0 }, 'f32[2,3]'],
    ['f32[5,3] i32[]', { batch: 0 }, 'f32[3]'],
    ['f32[5,3] i32[2,4]', { batch: 0 }, 'f32[2,4,3]'],
    ['u8[2,5,3] i32[2,4]', { batch: 1 }, 'u8[2,4,3]'],
    ['f32[2,5] i32[2]', { batch: 1 }, 'f32[2]'],
    [
      'f32[2,5] i32[3,4]',
      { batch: 1 },
      /the first 1 axes are no common batch; got i32\[3,4\] and f32\[2,5\]/,
    ],
    ['f32[2,5] i32[2]', { batch: 2 }, /the first 2 axes are no common batch/],
    ['f32[2] i32[2]', { batch: 1 }, /the source has no axis to index; got f32\[2\]/],
    ['f32[] i32[]', { batch: 0 }, /the source has no axis to index/],
    ['f32[5] f32[2]', { batch: 0 }, /the indices have the wrong type; got f32\[2\], expected i32/],
    ['f32[5] i32[2]', { batch: -1 }, /no common batch/],
    ['f32[5] i32[2]', { batch: 0.5 }, /no common batch/],
  ],
  scatter_add: [
    ['i32[2] f32[2,3]', { batch: 0, size: 5 }, 'f32[5,3]'],
    ['i32[] f32[3]', { batch: 0, size: 5 }, 'f32[5,3]'],
    ['i32[2,4] f32[2,4,3]', { batch: 1, size: 5 }, 'f32[2,5,3]'],
    ['i32[2,4] f32[2,4,3]', { batch: 0, size: 5 }, 'f32[5,3]'],
    ['i32[0] f32[0]', { batch: 0, size: 0 }, 'f32[0]'],
    [
      'i32[2] f32[3,3]',
      { batch: 0, size: 5 },
      /the updates do not begin with the shape of the indices/,
    ],
    ['i32[2] i32[2]', { batch: 0, size: 5 }, /the updates are no floats; got i32\[2\]/],
    ['f32[2] f32[2]', { batch: 0, size: 5 }, /the indices have the wrong type/],
    ['i32[2] f32[2]', { batch: 0, size: -1 }, /an extent is no natural number/],
    ['i32[2] f32[2]', { batch: 2, size: 5 }, /no common batch/],
  ],
  iota: [
    ['', { shape: [2, 3], axis: 1 }, 'i32[2,3]'],
    ['', { shape: [0], axis: 0 }, 'i32[0]'],
    ['', { shape: [], axis: 0 }, /the axis does not exist/],
    ['', { shape: [-1], axis: 0 }, /an extent is no natural number/],
    ['f32[]', { shape: [1], axis: 0 }, /the number of operands is wrong; got 1, expected 0/],
  ],
  constant: [
    ['', { dtype: 'f32', shape: [2], data: [1, 2] }, 'f32[2]'],
    ['', { dtype: 'u8', shape: [], data: [1] }, 'u8[]'],
    ['', { dtype: 'f32', shape: [0, 3], data: [] }, 'f32[0,3]'],
    ['', { dtype: 'f32', shape: [1024], data: new Array<number>(1024).fill(0) }, 'f32[1024]'],
    [
      '',
      { dtype: 'f32', shape: [3], data: [1, 2] },
      /the number of elements is wrong; got 2, expected 3/,
    ],
    [
      '',
      { dtype: 'f32', shape: [1025], data: new Array<number>(1025).fill(0) },
      /the literal is too large; got 1025 elements, expected at most 1024\. Make it an input of role constant/,
    ],
  ],
};

function check<K extends PrimitiveName>(op: K, [operands, attributes, expected]: Case<K>): void {
  const types = operands === '' ? [] : operands.split(' ').map(type);
  if (typeof expected === 'string') {
    expect(formatType(inferType(op, types, attributes)), operands).toBe(expected);
    return;
  }
  const infer = (): TensorType => inferType(op, types, attributes);
  expect(infer, operands).toThrow(LacunaError);
  expect(infer, operands).toThrow(expected);
}

describe('the type of', () => {
  it.each(Object.keys(CASES) as PrimitiveName[])(
    '%s is inferred, or its error says what is wrong',
    (op) => {
      const run = <K extends PrimitiveName>(name: K): void => {
        for (const entry of CASES[name]) check(name, entry);
      };
      run(op);
    },
  );

  it('every primitive is named in its errors', () => {
    for (const op of Object.keys(CASES) as PrimitiveName[]) {
      const attributes = { axes: [9], keep: false, shape: [-1], axis: 9 } as never;
      const types = Array.from({ length: 4 }, () => type('u8[]'));
      expect(() => inferType(op, types, attributes), op).toThrow(new RegExp(`^${op}: `));
    }
  });
});
