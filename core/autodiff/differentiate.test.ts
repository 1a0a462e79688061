import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centralDifferences, interpret } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import {
  add,
  attention,
  COMPOSITES,
  cast,
  constant,
  crossEntropy,
  elementCount,
  exp,
  gather,
  gelu,
  isFloat,
  LAYER_NORM,
  layerNorm,
  mean,
  mul,
  type Program,
  ProgramBuilder,
  type Shape,
  softmax,
  square,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import type { HostTensor, Named } from '../backend.js';
import { checkProgram } from '../check.js';
import { expand, simplify } from '../passes/index.js';
import { randomInputs } from '../testing/random-inputs.js';
import { MAKERS } from '../testing/random-operations.js';
import { randomProgram } from '../testing/random-program.js';
import { differentiate } from './differentiate.js';

interface Case {
  readonly composite: string;
  readonly of: string;
  readonly shapes: readonly Shape[];
  readonly body: (operands: readonly Value[]) => Value;
}

const labels = (x: Value, data: readonly number[]): Value =>
  constant(x.builder, data, { dtype: 'i32' });
const norm = ([x, gamma, beta]: readonly Value[]): Value =>
  layerNorm(x as Value, gamma as Value, beta as Value, 1e-5);
const attend = ([q, k, v]: readonly Value[]): Value =>
  attention(q as Value, k as Value, v as Value, { scale: 0.7 });

const CASES: readonly Case[] = [
  { composite: 'softmax', of: 'rows', shapes: [[3, 5]], body: ([x]) => softmax(x as Value) },
  { composite: 'softmax', of: 'one column', shapes: [[3, 1]], body: ([x]) => softmax(x as Value) },
  { composite: 'softmax', of: 'a vector', shapes: [[7]], body: ([x]) => softmax(x as Value) },
  { composite: 'softmax', of: 'no rows', shapes: [[0, 3]], body: ([x]) => softmax(x as Value) },
  { composite: 'gelu', of: 'a matrix', shapes: [[3, 5]], body: ([x]) => gelu(x as Value) },
  { composite: 'gelu', of: 'a scalar', shapes: [[]], body: ([x]) => gelu(x as Value) },
  { composite: 'layer_norm', of: 'tokens', shapes: [[2, 3, 5], [5], [5]], body: norm },
  { composite: 'layer_norm', of: 'one token', shapes: [[1, 7], [7], [7]], body: norm },
  { composite: 'layer_norm', of: 'a vector', shapes: [[5], [5], [5]], body: norm },
  { composite: 'layer_norm', of: 'width 1', shapes: [[3, 1], [1], [1]], body: norm },
  {
    composite: 'attention',
    of: 'two heads of odd sizes',
    shapes: [
      [2, 2, 3, 5],
      [2, 2, 3, 5],
      [2, 2, 3, 5],
    ],
    body: attend,
  },
  {
    composite: 'attention',
    of: 'fewer queries than keys',
    shapes: [
      [1, 1, 2, 3],
      [1, 1, 5, 3],
      [1, 1, 5, 3],
    ],
    body: attend,
  },
  {
    composite: 'attention',
    of: 'one token',
    shapes: [
      [1, 1, 1, 2],
      [1, 1, 1, 2],
      [1, 1, 1, 2],
    ],
    body: attend,
  },
  {
    composite: 'attention',
    of: 'one value thrice',
    shapes: [[1, 2, 3, 2]],
    body: ([x]) => attend([x, x, x] as Value[]),
  },
  {
    composite: 'attention',
    of: 'a constant bias that hides a key',
    shapes: [
      [1, 2, 3, 2],
      [1, 2, 3, 2],
      [1, 2, 3, 2],
    ],
    body: ([q, k, v]) => {
      const { builder } = q as Value;
      const bias = constant(builder, [0, 0, -1e9, 0, 0.5, -1e9, 0, 0, 0], { shape: [3, 3] });
      return attention(q as Value, k as Value, v as Value, { scale: 0.7, bias });
    },
  },
  {
    composite: 'cross_entropy',
    of: 'rows',
    shapes: [[3, 5]],
    body: ([x]) => crossEntropy(x as Value, labels(x as Value, [4, 0, 4])),
  },
  {
    composite: 'cross_entropy',
    of: 'one class',
    shapes: [[2, 1]],
    body: ([x]) => crossEntropy(x as Value, labels(x as Value, [0, 0])),
  },
];

describe('the gradient of the composite', () => {
  it.each(CASES)(
    '$composite of $of is the autodiff of its body to 1e-12, and central differences',
    ({ shapes, body }) => {
      const { program, inputs } = lossOf(shapes, body);
      const claimed = gradientsOf(program, inputs);
      expectClose(claimed, gradientsOf(expand(program), inputs), 1e-12);
      expectClose(claimed, differencesOf(program, inputs), 1e-8);
    },
  );

  it('of every composite that has one is among the cases', () => {
    const tested = new Set(CASES.map(({ composite }) => composite));
    const wanted = [...COMPOSITES.values()].filter(({ gradient }) => gradient !== undefined);
    expect(wanted.map(({ name }) => name).sort()).toEqual([...tested].sort());
  });

  it('can be differentiated again, expanded: second derivatives are those of central differences', () => {
    for (const { shapes, body } of CASES) {
      const { program, inputs } = lossOf(shapes, body);
      const { builder, gradients } = differentiate(program, 'loss', ['x0']);
      const squares = [...gradients.values()].map((gradient) => sum(mul(square(gradient), 0.5)));
      builder.output(
        'second',
        squares.reduce((a, b) => add(a, b)),
      );
      const second = renamedLoss(builder.finish(), 'second');
      expectClose(gradientsOf(expand(second), inputs), differencesOf(second, inputs), 1e-7);
    }
  });
});

describe('differentiate', () => {
  it('gives the same gradient of a random program and of its expansion', () => {
    let compared = 0;
    fc.assert(
      fc.property(lists, lists, (list, data) => {
        // not adamw: the root of a second moment of 0 has no derivative
        const only = Object.keys(MAKERS).filter((name) => name !== 'adamw');
        const program = withLoss(randomProgram(list, { floats: ['f64'], tame: true, only }));
        const inputs = randomInputs(program, data, { tame: true });
        let claimed: Named<HostTensor>;
        try {
          claimed = gradientsOf(program, inputs);
        } catch (error) {
          if (error instanceof LacunaError) return; // a bias, or a layer norm's mean, is in the way
          throw error;
        }
        const expanded = gradientsOf(expand(program), inputs);
        expectClose(claimed, expanded, 1e-9);
        compared += 1;
      }),
      { numRuns: 100 },
    );
    expect(compared).toBeGreaterThan(30);
  });

  it('keeps the gradient through simplify, bit for bit', () => {
    fc.assert(
      fc.property(lists, lists, (list, data) => {
        const program = expand(withLoss(randomProgram(list, { floats: ['f64'], tame: true })));
        const inputs = randomInputs(program, data, { tame: true });
        const extended = withGradients(program);
        expect(interpret(simplify(extended), inputs)).toEqual(interpret(extended, inputs));
      }),
      { numRuns: 50 },
    );
  });

  it('sums what flows through several uses of one value', () => {
    const { program, inputs } = lossOf([[3]], ([x]) =>
      mul(add(x as Value, exp(x as Value)), x as Value),
    );
    expectClose(gradientsOf(program, inputs), differencesOf(program, inputs), 1e-8);
  });

  it('gives zeros of the right type where the loss does not depend on a value', () => {
    const builder = new ProgramBuilder('p', { float: 'f64' });
    const x = builder.input('x', 'f64', [2], 'parameter');
    builder.input('unused', 'f64', [3, 1], 'parameter');
    builder.output('loss', sum(x));
    const { gradients } = differentiate(builder.finish(), 'loss', ['x', 'unused']);
    expect(gradients.get('unused')).toMatchObject({ dtype: 'f64', shape: [3, 1] });
    const inputs = { x: vector([1, 2]), unused: { ...vector([1, 2, 3]), shape: [3, 1] } };
    expect([...(gradientsOf(builder.finish(), inputs)['grad.unused']?.data ?? [])]).toEqual([
      0, 0, 0,
    ]);
  });

  it('gives the gradient by a value in the middle, and 1 by the loss itself', () => {
    const builder = new ProgramBuilder('p', { float: 'f64' });
    const x = builder.input('x', 'f64', [2], 'parameter');
    const middle = exp(x);
    const loss = sum(square(middle));
    builder.output('loss', loss);
    const program = builder.finish();
    const { builder: extended, gradients } = differentiate(program, 'loss', [
      middle.name,
      loss.name,
    ]);
    for (const [name, value] of gradients) extended.output(`grad.${name}`, value);
    const got = interpret(extended.finish(), { x: vector([0, 1]) });
    expect([...(got[`grad.${middle.name}`]?.data ?? [])]).toEqual([2, 2 * Math.exp(1)]);
    expect([...(got[`grad.${loss.name}`]?.data ?? [])]).toEqual([1]);
  });

  it('lets nothing flow through integers: gather keeps its indices, a cast to i32 stops', () => {
    const { program, inputs } = lossOf([[3], [3]], ([x, y]) => {
      const index = cast(cast(y as Value, 'i32'), 'f64');
      return mul(gather(x as Value, labels(x as Value, [2, 2, 0]), 0), index);
    });
    const got = gradientsOf(program, inputs);
    expect([...(got['grad.x1']?.data ?? [])]).toEqual([0, 0, 0]);
  });

  it('keeps the outputs of the program and the names of its values', () => {
    const { program } = lossOf([[2, 3]], ([x]) => softmax(x as Value));
    const { builder } = differentiate(program, 'loss', ['x0']);
    const extended = builder.finish();
    expect(extended.outputs).toEqual(program.outputs);
    expect(extended.operations.slice(0, program.operations.length)).toEqual(program.operations);
    for (const { results } of extended.operations.slice(program.operations.length)) {
      expect(results[0]?.name).toMatch(/^grad\./);
    }
  });

  it.each<readonly [string, string, readonly string[], RegExp]>([
    ['an output that does not exist', 'none', ['x'], /there is no such output; got none/],
    [
      'an output that is no scalar',
      'vector',
      ['x'],
      /vector cannot be differentiated; got f32\[2\], expected a scalar/,
    ],
    ['an output that is no float', 'count', ['x'], /count cannot be differentiated; got i32\[\]/],
    ['a value that does not exist', 'loss', ['z'], /no value has this name; got z/],
    ['a value that is no float', 'loss', ['n'], /nothing can be differentiated by n; got i32\[\]/],
  ])('refuses %s', (_, loss, wrt, message) => {
    const builder = new ProgramBuilder('p');
    const x = builder.input('x', 'f32', [2], 'parameter');
    const n = builder.input('n', 'i32', [], 'data');
    builder.output('vector', x);
    builder.output('count', n);
    builder.output('loss', mul(sum(x), cast(n, 'f32')));
    expect(() => differentiate(builder.finish(), loss, wrt)).toThrow(message);
  });

  it('refuses a gradient that a composite leaves out, which the expansion has', () => {
    const { program, inputs } = lossOf(
      [
        [1, 1, 2, 3],
        [1, 1, 2, 2],
      ],
      ([x, bias]) =>
        attention(x as Value, x as Value, x as Value, { scale: 1, bias: bias as Value }),
    );
    expect(() => differentiate(program, 'loss', ['x1'])).toThrow(
      /attention = attention: no gradient flows to its operand x1; got none, expected f64\[1,1,2,2\]/,
    );
    expect(() => differentiate(program, 'loss', ['x0'])).not.toThrow();
    expectClose(gradientsOf(expand(program), inputs), differencesOf(program, inputs), 1e-8);
  });

  it('refuses a gradient of another shape than its value', () => {
    const { program } = lossOf([[2, 3], [1], [3]], norm);
    expect(() => differentiate(program, 'loss', ['x1'])).toThrow(/got f64\[3\], expected f64\[1\]/);
  });

  it('refuses a loss that depends on the mean that a layer norm hands to its gradient', () => {
    const { program, inputs } = lossOf([[2, 3], [3], [3]], ([x, gamma, beta]) => {
      const given = [x, gamma, beta] as Value[];
      const [y, center] = (x as Value).builder.call(LAYER_NORM, given, { eps: 1e-5 });
      return mul(y as Value, center as Value);
    });
    expect(() => differentiate(program, 'loss', ['x0'])).toThrow(/mean and rstd of a layer norm/);
    expectClose(gradientsOf(expand(program), inputs), differencesOf(program, inputs), 1e-8);
  });
});

const lists = fc.array(fc.nat(), { maxLength: 200, size: 'max' });

/** loss = sum(weight * body(x)) on irregular numbers. */
function lossOf(
  shapes: readonly Shape[],
  body: Case['body'],
): { program: Program; inputs: Named<HostTensor> } {
  const builder = new ProgramBuilder('loss', { float: 'f64' });
  const y = body(shapes.map((shape, i) => builder.input(`x${i}`, 'f64', shape, 'parameter')));
  builder.output('loss', sum(mul(y, builder.input('weight', 'f64', y.shape, 'data'))));
  const program = builder.finish();
  const stream = new RandomStream({ seed: 7, stream: 'test' });
  const inputs = program.inputs.map(({ name, shape }): [string, HostTensor] => {
    const data = Float64Array.from({ length: elementCount(shape) }, () => stream.normal());
    return [name, { dtype: 'f64', shape, data }];
  });
  return { program, inputs: Object.fromEntries(inputs) };
}

function vector(data: readonly number[]): HostTensor {
  return { dtype: 'f64', shape: [data.length], data: Float64Array.from(data) };
}

/** The program with one output, its scalar `name`, called `loss`. */
function renamedLoss(program: Program, name: string): Program {
  const output = program.outputs.find((candidate) => candidate.name === name);
  return { ...program, outputs: output === undefined ? [] : [{ ...output, name: 'loss' }] };
}

/** The sum of the means of all float outputs as the loss. */
function withLoss(program: Program): Program {
  const builder = ProgramBuilder.extend({ ...program, outputs: [] });
  const floats = program.outputs
    .map(({ value }) => builder.value(value))
    .filter(({ dtype, shape }) => isFloat(dtype) && elementCount(shape) > 0);
  const terms = floats.map((value) => mean(value));
  const zero = constant(builder, 0, { dtype: 'f64' });
  builder.output(
    'loss',
    terms.reduce((a, b) => add(a, b), zero),
  );
  return builder.finish();
}

function withGradients(program: Program): Program {
  const names = program.inputs
    .filter(({ name, dtype }) => isFloat(dtype) && name !== 'weight')
    .map(({ name }) => name);
  const { builder, gradients } = differentiate(program, 'loss', names);
  for (const [name, value] of gradients) builder.output(`grad.${name}`, value);
  const extended = builder.finish();
  checkProgram(extended);
  return extended;
}

function gradientsOf(program: Program, inputs: Named<HostTensor>): Named<HostTensor> {
  const results = Object.entries(interpret(withGradients(program), inputs));
  return Object.fromEntries(results.filter(([name]) => name.startsWith('grad.')));
}

function differencesOf(program: Program, inputs: Named<HostTensor>): Named<HostTensor> {
  const parameters = program.inputs.filter(({ name }) => name !== 'weight');
  return Object.fromEntries(
    parameters.map(({ name, dtype, shape }) => {
      const data = centralDifferences(program, inputs, { output: 'loss', input: name });
      return [`grad.${name}`, { dtype, shape, data }];
    }),
  );
}

/** Each element within `error`, as a part of the tensor's largest magnitude (of at least 1). */
function expectClose(got: Named<HostTensor>, want: Named<HostTensor>, error: number): void {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, { data }] of Object.entries(want)) {
    const actual = got[name]?.data ?? [];
    const scale = Math.max(1, ...Array.from(data, Math.abs));
    expect(actual.length).toBe(data.length);
    Array.from(data).forEach((value, i) => {
      const distance = Math.abs((actual[i] as number) - value);
      expect(distance, `${name}[${i}]: ${actual[i]}, not ${value}`).toBeLessThanOrEqual(
        error * scale,
      );
    });
  }
}
