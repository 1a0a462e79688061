import {
  COMPARISONS,
  FUNCTION_NAMES,
  type FunctionName,
  PRIMITIVE_NAMES,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  tableOf,
} from '../../spec/program/index.js';
import { bool, f32, i32, type Operand, type Repeated, repeated } from './repeated.js';
import type { Sizes } from './sizes.js';

type Cases<K extends PrimitiveName> = readonly (readonly [
  readonly Operand[],
  PrimitiveAttributes[K],
])[];

/** Every primitive at the sizes of a model. The table has an entry for each, or does not compile. */
export function repeatedPrimitives(sizes: Sizes): readonly Repeated[] {
  const { tokens, width, hidden, heads, headWidth, terms, vocabulary, words } = sizes;
  const whole: Shape = [tokens, width];
  const one = f32(...whole);
  const two = [one, one];
  const wide = f32(tokens, hidden);
  const edge = Math.round(Math.sqrt(terms));
  const reductions: Cases<'reduce_sum' | 'reduce_max'> = [
    [[f32(terms)], { axes: [0], keep: false }],
    [[f32(edge, edge)], { axes: [0, 1], keep: false }],
    [[f32(terms, 4)], { axes: [0], keep: false }],
    [[f32(4, terms)], { axes: [1], keep: true }],
    [[f32(2, terms, 2)], { axes: [1], keep: false }],
    [[f32(edge, 4, edge)], { axes: [0, 2], keep: false }],
    [[one], { axes: [0], keep: true }],
    [[one], { axes: [1], keep: true }],
    [[f32(8, tokens, 16)], { axes: [1], keep: false }],
  ];
  const product = (
    a: Operand,
    b: Operand,
    left = false,
    right = false,
  ): Cases<'matmul'>[number] => [[a, b], { transpose_a: left, transpose_b: right }];
  const head = f32(heads, tokens, headWidth);
  const axis0 = { batch: 0 };
  const table: { readonly [K in PrimitiveName]: Cases<K> } = {
    add: [[two, {}]],
    sub: [[two, {}]],
    mul: [[two, {}]],
    div: [[two, {}]],
    min: [[two, {}]],
    max: [[two, {}]],
    neg: [[[one], {}]],
    ...tableOf(FUNCTION_NAMES, (): Cases<FunctionName> => [[[one], {}]]),
    compare: COMPARISONS.map((direction) => [two, { direction }]),
    and: [[[bool(...whole), bool(...whole)], {}]],
    or: [[[bool(...whole), bool(...whole)], {}]],
    not: [[[bool(...whole)], {}]],
    is_finite: [[[one], {}]],
    select: [[[bool(...whole), ...two], {}]],
    cast: [
      [[one], { dtype: 'i32' }],
      [[i32(1000, ...whole)], { dtype: 'f32' }],
    ],
    reduce_sum: reductions,
    reduce_max: reductions,
    matmul: [
      product(one, f32(width, hidden)),
      product(wide, f32(width, hidden), false, true),
      product(wide, one, true),
      product(head, head, false, true),
      product(f32(heads, tokens, tokens), head),
      product(f32(64, terms / 16), f32(terms / 16, 64)),
      product(f32(1, terms), f32(terms, 1)),
    ],
    reshape: [[[wide], { shape: [hidden, tokens] }]],
    transpose: [
      [[wide], { permutation: [1, 0] }],
      [[f32(8, tokens, heads, 16)], { permutation: [0, 2, 1, 3] }],
    ],
    broadcast: [[[f32(1, width)], { shape: whole }]],
    slice: [[[wide], { starts: [3, 5], ends: [tokens - 2, hidden - 1] }]],
    pad: [[[wide], { low: [1, 2], high: [3, 4], value: 0.5 }]],
    concat: [
      [[wide, wide], { axis: 0 }],
      [[one, wide], { axis: 1 }],
    ],
    gather: [
      [[f32(vocabulary, width), i32(vocabulary, words)], axis0],
      [[f32(8, tokens, width), i32(tokens, 8, 160)], { batch: 1 }],
    ],
    scatter_add: [
      [[i32(196, 1256), f32(1256, width)], { batch: 0, size: 196 }],
      [[i32(4, 1024), f32(1024, width)], { batch: 0, size: 4 }],
      [[i32(vocabulary, words), f32(words, 512)], { batch: 0, size: vocabulary }],
      [[i32(tokens, 8, 160), f32(8, 160, width)], { batch: 1, size: tokens }],
    ],
    iota: [[[], { shape: [tokens, width], axis: 1 }]],
    constant: [[[], { dtype: 'f32', shape: [8], data: [1, 2, 3, 4, 5, 6, 7, 8] }]],
  };
  return PRIMITIVE_NAMES.flatMap((name) => casesOf(name, table[name]));
}

function casesOf<K extends PrimitiveName>(name: K, cases: Cases<K>): readonly Repeated[] {
  return cases.map(([operands, attributes]) => {
    const said = JSON.stringify(attributes).replaceAll(/["{}]/g, '');
    // A program without inputs says nothing of a backend's use: literals are added to an input.
    if (operands.length === 0) return literal(name, attributes);
    return repeated(`${name} ${said}`.slice(0, 48), operands, (values, builder) => [
      builder.primitive(name, values, attributes),
    ]);
  });
}

function literal<K extends PrimitiveName>(name: K, attributes: PrimitiveAttributes[K]): Repeated {
  const shape = (attributes as PrimitiveAttributes['iota' | 'constant']).shape;
  const other = name === 'iota' ? i32(9, ...shape) : f32(...shape);
  return repeated(name, [other], ([x], builder) => {
    const made = builder.primitive(name, [], attributes);
    return [builder.primitive('add', x === undefined ? [made] : [made, x], {})];
  });
}
