import { describe, expect, it } from 'vitest';
import { differentiate } from '../core/autodiff/differentiate.js';
import type { HostTensor, Named } from '../core/backend.js';
import { expand } from '../core/passes/expand.js';
import {
  ATTENTION,
  attention,
  concat,
  crossEntropy,
  div,
  erf,
  exp,
  gather,
  gelu,
  layerNorm,
  log,
  matmul,
  max,
  maximum,
  min,
  mul,
  type Program,
  ProgramBuilder,
  pad,
  rsqrt,
  type Shape,
  scatterAdd,
  slice,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
  type Value,
} from '../spec/program/index.js';
import { RandomStream } from '../spec/random/index.js';
import { centralDifferences } from './central-differences.js';
import { interpret } from './interpret.js';

interface Example {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly body: (...values: readonly Value[]) => Value;
}

const [A, B] = [
  [2, 3],
  [2, 3],
] as const;
const HEADS = [2, 2, 3, 2];
const indices = (builder: ProgramBuilder): Value =>
  builder.primitive('constant', [], { dtype: 'i32', shape: [3], data: [1, 0, 1] });
const v = (values: readonly Value[], index: number): Value => values[index] as Value;

/** Inputs are drawn from [0.5, 1.5], where everything below is smooth. */
const EXAMPLES: readonly Example[] = [
  { name: 'div', shapes: [A, B], body: (...x) => div(v(x, 0), v(x, 1)) },
  {
    name: 'min and max',
    shapes: [A, B],
    body: (...x) => sub(min(v(x, 0), v(x, 1)), mul(max(v(x, 0), v(x, 1)), 3)),
  },
  { name: 'exp, log', shapes: [A], body: (...x) => mul(exp(v(x, 0)), log(v(x, 0))) },
  { name: 'sqrt, rsqrt', shapes: [A], body: (...x) => sub(sqrt(v(x, 0)), mul(rsqrt(v(x, 0)), 2)) },
  { name: 'erf, tanh', shapes: [A], body: (...x) => mul(erf(v(x, 0)), tanh(v(x, 0))) },
  { name: 'reduce_max', shapes: [A], body: (...x) => maximum(v(x, 0), [1]) },
  {
    name: 'matmul',
    shapes: [
      [3, 2],
      [4, 3],
    ],
    body: (...x) => matmul(v(x, 0), v(x, 1), { transposeA: true, transposeB: true }),
  },
  {
    name: 'shape',
    shapes: [A, [2, 1]],
    body: (...x) =>
      pad(slice(transpose(concat([v(x, 0), v(x, 1)], 1), [1, 0]), 0, 1, 4), [0, 1], [1, 0]),
  },
  { name: 'gather', shapes: [A], body: (...x) => gather(v(x, 0), indices(v(x, 0).builder), 0) },
  {
    name: 'scatter_add',
    shapes: [[3, 2]],
    body: (...x) => scatterAdd(indices(v(x, 0).builder), v(x, 0), 0, 2),
  },
  { name: 'softmax', shapes: [A], body: (...x) => softmax(v(x, 0)) },
  {
    name: 'layer_norm',
    shapes: [[2, 5], [5], [5]],
    body: (...x) => layerNorm(v(x, 0), v(x, 1), v(x, 2), 1e-6),
  },
  { name: 'gelu', shapes: [A], body: (...x) => gelu(v(x, 0)) },
  {
    name: 'attention',
    shapes: [HEADS, HEADS, HEADS],
    body: (...x) => attention(v(x, 0), v(x, 1), v(x, 2), { scale: 0.7 }),
  },
  {
    name: 'cross_entropy',
    shapes: [[3, 2]],
    body: (...x) => crossEntropy(v(x, 0), indices(v(x, 0).builder)),
  },
];

/** A scalar that weighs every result differently, so that no part of a gradient cancels. */
function scalar(result: Value): Value {
  const count = result.shape.reduce((product, extent) => product * extent, 1);
  const data = Array.from({ length: count }, (_, i) => 1 + ((i * 7) % 11) / 5);
  const weights = result.builder.primitive('constant', [], {
    dtype: 'f32',
    shape: result.shape,
    data,
  });
  return sum(mul(square(result), weights));
}

function build({ name, shapes, body }: Example): Program {
  const builder = new ProgramBuilder(name);
  const values = shapes.map((shape, k) => builder.input(`x${k}`, 'f32', shape, 'data'));
  builder.output('loss', scalar(body(...values)));
  return builder.finish();
}

function draw(shapes: readonly Shape[]): Named<HostTensor> {
  const stream = new RandomStream({ seed: 11, stream: 'test' });
  return Object.fromEntries(
    shapes.map((shape, k) => {
      const length = shape.reduce((product, extent) => product * extent, 1);
      const data = Float64Array.from({ length }, () => 0.5 + stream.uniform());
      return [`x${k}`, { dtype: 'f32', shape, data }];
    }),
  );
}

function gradients(program: Program, inputs: Named<HostTensor>): Named<HostTensor> {
  const { builder, gradients: values } = differentiate(program, 'loss', Object.keys(inputs));
  for (const [name, value] of values) builder.output(`grad.${name}`, value);
  return interpret(builder.finish(), inputs);
}

describe('a gradient is what central differences find', () => {
  it.each(EXAMPLES)('$name', (example) => {
    const program = build(example);
    const inputs = draw(example.shapes);
    const exact = gradients(program, inputs);
    const expanded = gradients(expand(program), inputs);
    for (const input of Object.keys(inputs)) {
      const numeric = centralDifferences(program, inputs, { output: 'loss', input });
      const size = Math.max(1, ...numeric.map(Math.abs));
      const got = exact[`grad.${input}`]?.data ?? [];
      expect(got.length).toBe(numeric.length);
      numeric.forEach((want, i) => {
        // The differences themselves are good to about 1e-10.
        expect(Math.abs((got[i] as number) - want) / size).toBeLessThan(1e-8);
        // A composite's own rule against the derivative of its body, both in float64.
        const other = expanded[`grad.${input}`]?.data[i] as number;
        expect(Math.abs((got[i] as number) - other) / size).toBeLessThan(1e-12);
      });
    }
  });

  it('for attention whose bias gets none', () => {
    const builder = new ProgramBuilder('biased');
    const x = builder.input('x0', 'f32', HEADS, 'data');
    const bias = builder.input('bias', 'f32', [2, 1, 1, 3], 'data');
    builder.output('loss', scalar(attention(x, x, x, { scale: 0.7, bias })));
    const program = builder.finish();
    const data = Float64Array.of(0.1, -0.4, 0.2, 0, 0.3, -9);
    const inputs = { ...draw([HEADS]), bias: { dtype: 'f32' as const, shape: [2, 1, 1, 3], data } };
    const numeric = centralDifferences(program, inputs, { output: 'loss', input: 'x0' });
    const { builder: extended, gradients: values } = differentiate(program, 'loss', ['x0']);
    extended.output('grad.x0', values.get('x0') as Value);
    const got = interpret(extended.finish(), inputs)['grad.x0']?.data ?? [];
    numeric.forEach((want, i) => {
      expect(Math.abs((got[i] as number) - want)).toBeLessThan(1e-7);
    });
    expect(ATTENTION.gradient).toBeDefined();
  });
});
