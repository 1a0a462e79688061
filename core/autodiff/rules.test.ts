import { describe, expect, it } from 'vitest';
import { centralDifferences, interpret } from '../../reference/index.js';
import {
  add,
  broadcast,
  cast,
  compare,
  concat,
  constant,
  div,
  elementCount,
  FUNCTION_NAMES,
  factsOf,
  gather,
  matmul,
  max,
  maximum,
  min,
  mul,
  neg,
  PRIMITIVE_NAMES,
  type PrimitiveName,
  type Program,
  ProgramBuilder,
  pad,
  reshape,
  type Shape,
  scatterAdd,
  select,
  slice,
  sub,
  sum,
  transpose,
  type Value,
} from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import type { HostTensor, Named } from '../backend.js';
import { checkProgram } from '../check.js';
import { differentiate } from './differentiate.js';

interface Case {
  readonly op: PrimitiveName;
  readonly of: string;
  readonly shapes: readonly Shape[];
  /** Operands are |x| + 1/2. */
  readonly positive?: boolean;
  readonly body: (operands: readonly Value[], builder: ProgramBuilder) => Value;
}

const indices = (builder: ProgramBuilder, data: readonly number[], shape: Shape): Value =>
  constant(builder, data, { dtype: 'i32', shape });

const unary = (op: PrimitiveName, f: (x: Value) => Value, positive = false): Case[] => [
  { op, of: 'a vector', shapes: [[5]], positive, body: ([x]) => f(x as Value) },
  { op, of: 'a scalar', shapes: [[]], positive, body: ([x]) => f(x as Value) },
  { op, of: 'no elements', shapes: [[2, 0]], positive, body: ([x]) => f(x as Value) },
];

const binary = (op: PrimitiveName, f: (a: Value, b: Value) => Value): Case[] => {
  const body = ([a, b]: readonly Value[]): Value => f(a as Value, b as Value);
  return [
    {
      op,
      of: 'equal shapes',
      shapes: [
        [2, 3],
        [2, 3],
      ],
      body,
    },
    { op, of: 'a row on the right', shapes: [[2, 3], [3]], body },
    {
      op,
      of: 'a column on the left',
      shapes: [
        [2, 1],
        [2, 3],
      ],
      body,
    },
    {
      op,
      of: 'both stretched',
      shapes: [
        [3, 1],
        [1, 2],
      ],
      body,
    },
    {
      op,
      of: 'a stretch to nothing',
      shapes: [
        [1, 2],
        [0, 2],
      ],
      body,
    },
    { op, of: 'one value twice', shapes: [[3]], body: ([x]) => f(x as Value, x as Value) },
  ];
};

const matmuls: readonly Case[] = [[], [2], [1, 3], [0]].flatMap((batch) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map(
      (transposeB): Case => ({
        op: 'matmul',
        of: `batch [${batch}], transposed ${transposeA}, ${transposeB}`,
        shapes: [
          [...batch, ...(transposeA ? [4, 2] : [2, 4])],
          [...batch, ...(transposeB ? [3, 4] : [4, 3])],
        ],
        body: ([a, b]) => matmul(a as Value, b as Value, { transposeA, transposeB }),
      }),
    ),
  ),
);

const CASES: readonly Case[] = [
  ...binary('add', add),
  ...binary('sub', sub),
  ...binary('mul', mul),
  ...binary('div', (a, b) => div(a, add(mul(b, b), 0.5))),
  ...binary('min', (a, b) => min(a, add(b, 0.01))),
  ...binary('max', (a, b) => max(a, add(b, 0.01))),
  ...unary('neg', neg),
  ...FUNCTION_NAMES.flatMap((op) =>
    unary(op, (x) => x.builder.primitive(op, [x], {}), factsOf(op).domain !== undefined),
  ),
  {
    op: 'select',
    of: 'both branches',
    shapes: [[5], [5]],
    body: ([a, b], builder) => {
      const condition = constant(builder, [1, 0, 0, 1, 1], { dtype: 'bool' });
      return select(condition, a as Value, b as Value);
    },
  },
  {
    op: 'compare',
    of: 'a condition made of the value itself (as relu)',
    shapes: [[6]],
    body: ([x]) => select(compare(x as Value, 'gt', 0), x as Value, mul(x as Value, 0.1)),
  },
  {
    op: 'cast',
    of: 'float to float and back',
    shapes: [[3]],
    body: ([x]) => mul(cast(cast(x as Value, 'f32'), 'f64'), x as Value),
  },
  ...([[[0]], [[1]], [[0, 2]], [[0, 1, 2]], [[]]] as const).flatMap(([axes]) =>
    [true, false].flatMap((keep): Case[] => [
      {
        op: 'reduce_sum',
        of: `axes [${axes}], kept ${keep}`,
        shapes: [[2, 3, 2]],
        body: ([x]) => sum(x as Value, axes, { keep }),
      },
      {
        op: 'reduce_max',
        of: `axes [${axes}], kept ${keep}`,
        shapes: [[2, 3, 2]],
        body: ([x]) => maximum(x as Value, axes, { keep }),
      },
    ]),
  ),
  { op: 'reduce_sum', of: 'an empty axis', shapes: [[2, 0]], body: ([x]) => sum(x as Value, [1]) },
  ...matmuls,
  {
    op: 'matmul',
    of: 'an inner extent of 0',
    shapes: [
      [2, 0],
      [0, 3],
    ],
    body: ([a, b]) => matmul(a as Value, b as Value),
  },
  {
    op: 'matmul',
    of: 'a matrix by itself',
    shapes: [[3, 3]],
    body: ([x]) => matmul(x as Value, x as Value, { transposeB: true }),
  },
  {
    op: 'reshape',
    of: 'a matrix',
    shapes: [[2, 3]],
    body: ([x]) => reshape(x as Value, [3, 1, 2]),
  },
  {
    op: 'transpose',
    of: 'a cyclic permutation, no inverse of itself',
    shapes: [[2, 3, 4]],
    body: ([x]) => transpose(x as Value, [1, 2, 0]),
  },
  { op: 'broadcast', of: 'a scalar', shapes: [[]], body: ([x]) => broadcast(x as Value, [2, 3]) },
  {
    op: 'broadcast',
    of: 'an inner axis and new ones',
    shapes: [[2, 1, 3]],
    body: ([x]) => broadcast(x as Value, [2, 2, 4, 3]),
  },
  {
    op: 'broadcast',
    of: 'extent 1 to 1 beside a stretch',
    shapes: [[1, 1, 3]],
    body: ([x]) => broadcast(x as Value, [2, 1, 3]),
  },
  {
    op: 'broadcast',
    of: 'extent 1 to nothing',
    shapes: [[1, 2]],
    body: ([x]) => broadcast(x as Value, [0, 2]),
  },
  { op: 'slice', of: 'the middle', shapes: [[3, 5]], body: ([x]) => slice(x as Value, 1, 1, 3) },
  { op: 'slice', of: 'nothing', shapes: [[3, 2]], body: ([x]) => slice(x as Value, 0, 2, 2) },
  {
    op: 'pad',
    of: 'both sides',
    shapes: [[2, 3]],
    body: ([x]) => pad(x as Value, [1, 0], [0, 2], 7),
  },
  {
    op: 'concat',
    of: 'parts of several sizes, one twice',
    shapes: [
      [2, 1],
      [2, 0],
      [2, 3],
    ],
    body: ([a, b, c]) => concat([a, b, c, a] as Value[], 1),
  },
  {
    op: 'gather',
    of: 'rows, one twice and one never',
    shapes: [[4, 2]],
    body: ([x], builder) => gather(x as Value, indices(builder, [3, 0, 3], [3]), 0),
  },
  {
    op: 'gather',
    of: 'one row a batch entry',
    shapes: [[2, 3, 2]],
    body: ([x], builder) => gather(x as Value, indices(builder, [2, 0], [2]), 1),
  },
  {
    op: 'gather',
    of: 'a matrix of indices a batch entry',
    shapes: [[2, 3]],
    body: ([x], builder) =>
      gather(x as Value, indices(builder, [2, 0, 1, 1, 0, 0, 2, 2], [2, 2, 2]), 1),
  },
  {
    op: 'scatter_add',
    of: 'rows that meet',
    shapes: [[3, 2]],
    body: ([x], builder) => scatterAdd(indices(builder, [1, 1, 3], [3]), x as Value, 0, 4),
  },
  {
    op: 'scatter_add',
    of: 'batches',
    shapes: [[2, 3]],
    body: ([x], builder) =>
      scatterAdd(indices(builder, [1, 1, 0, 2, 0, 1], [2, 3]), x as Value, 1, 3),
  },
];

describe('the gradient through', () => {
  it.each(CASES)('$op of $of is that of central differences', ({ shapes, body, positive }) => {
    const { program, inputs } = lossOf(shapes, body, positive);
    for (const [name, got] of Object.entries(gradientsOf(program, inputs))) {
      const input = name.replace('grad.', '');
      const want = centralDifferences(program, inputs, { output: 'loss', input });
      expect(want.length).toBe(got.data.length);
      want.forEach((value, i) => {
        expect(Math.abs((got.data[i] as number) - value), `${input}[${i}]`).toBeLessThan(
          1e-8 * Math.max(1, Math.abs(value)),
        );
      });
    }
  });

  it('every primitive that has one is among the cases', () => {
    const none = ['and', 'or', 'not', 'is_finite', 'iota', 'constant']; // no float in, or a bool out
    const tested = new Set<string>(CASES.map(({ op }) => op));
    expect(PRIMITIVE_NAMES.filter((op) => !tested.has(op)).sort()).toEqual(none.sort());
  });
});

describe('where a function has a kink', () => {
  const values = (data: readonly number[], shape: Shape = [data.length]): HostTensor => ({
    dtype: 'f64',
    shape,
    data: Float64Array.from(data),
  });

  it.each([
    ['min', min],
    ['max', max],
  ] as const)('%s gives each of two equal operands half', (_, f) => {
    const program = build([[3], [3]], ([a, b]) => f(a as Value, b as Value));
    const inputs = { x0: values([1, 2, -0]), x1: values([1, 3, 0]), weight: values([10, 10, 10]) };
    const { 'grad.x0': a, 'grad.x1': b } = gradientsOf(program, inputs);
    const first = f === min ? 10 : 0;
    expect([...(a?.data ?? [])]).toEqual([5, first, 5]);
    expect([...(b?.data ?? [])]).toEqual([5, 10 - first, 5]);
  });

  it('min and max of a value with itself give it the whole', () => {
    const program = build([[2]], ([x]) => max(x as Value, x as Value));
    const inputs = { x0: values([1, -2]), weight: values([10, 6]) };
    expect([...(gradientsOf(program, inputs)['grad.x0']?.data ?? [])]).toEqual([10, 6]);
  });

  it('reduce_max shares among equal maxima', () => {
    const program = build([[2, 4]], ([x]) => maximum(x as Value, [1]));
    const inputs = { x0: values([3, 1, 3, 3, 0, 0, 0, 0], [2, 4]), weight: values([6, 8]) };
    const got = [...(gradientsOf(program, inputs)['grad.x0']?.data ?? [])];
    expect(got).toEqual([2, 0, 2, 2, 2, 2, 2, 2]);
  });

  it('a select on x > 0 gives 0 at 0, as PyTorch has it for relu', () => {
    const program = build([[3]], ([x]) => select(compare(x as Value, 'gt', 0), x as Value, 0));
    const inputs = { x0: values([-1, 0, 1]), weight: values([5, 5, 5]) };
    expect([...(gradientsOf(program, inputs)['grad.x0']?.data ?? [])]).toEqual([0, 0, 5]);
  });
});

function build(shapes: readonly Shape[], body: Case['body']): Program {
  const builder = new ProgramBuilder('loss', { float: 'f64' });
  const operands = shapes.map((shape, i) => builder.input(`x${i}`, 'f64', shape, 'parameter'));
  const y = body(operands, builder);
  builder.output('loss', sum(mul(y, builder.input('weight', 'f64', y.shape, 'data'))));
  return builder.finish();
}

/** loss = sum(weight * body(x)) on irregular numbers without ties. */
function lossOf(
  shapes: readonly Shape[],
  body: Case['body'],
  positive = false,
): { program: Program; inputs: Named<HostTensor> } {
  const program = build(shapes, body);
  const stream = new RandomStream({ seed: 5, stream: 'test' });
  const inputs = program.inputs.map(({ name, shape }): [string, HostTensor] => {
    const data = Float64Array.from({ length: elementCount(shape) }, () => {
      const value = stream.normal();
      return positive && name !== 'weight' ? Math.abs(value) + 0.5 : value;
    });
    return [name, { dtype: 'f64', shape, data }];
  });
  return { program, inputs: Object.fromEntries(inputs) };
}

/** The gradient by each x as `grad.x`. */
function gradientsOf(program: Program, inputs: Named<HostTensor>): Named<HostTensor> {
  const names = program.inputs.map(({ name }) => name).filter((name) => name !== 'weight');
  const { builder, gradients } = differentiate(program, 'loss', names);
  for (const [name, value] of gradients) builder.output(`grad.${name}`, value);
  const extended = builder.finish();
  checkProgram(extended);
  const results = Object.entries(interpret(extended, inputs));
  return Object.fromEntries(results.filter(([name]) => name.startsWith('grad.')));
}
