import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  add,
  COMPOSITES,
  type Composite,
  div,
  gather,
  layerNorm,
  linear,
  mul,
  type Program,
  ProgramBuilder,
  type Shape,
  softmax,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { differentiate } from '../autodiff/differentiate.js';
import { simplify } from '../passes/index.js';
import { parseProgram, printComposites, printProgram } from './index.js';

/**
 * Texts that were read and found right. A change of a printer, a composite, a gradient or a pass
 * shows here as a difference to review; `LACUNA_UPDATE_GOLDEN=1 npx vitest run core/text` writes
 * the files anew.
 */
const FOLDER = new URL('./golden/', import.meta.url);
const UPDATE: boolean = process.env.LACUNA_UPDATE_GOLDEN === '1';

/** A call of each composite: the shapes of its operands, its attributes, the operands of type i32. */
const CALLS: Readonly<
  Record<string, readonly [readonly Shape[], Attributes?, (readonly number[])?]>
> = {
  adamw: [
    [[2, 3], [2, 3], [2, 3], [2, 3], [], [], []],
    { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 0.5 },
  ],
  attention: [
    [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [3, 3],
    ],
    { scale: 0.5 },
  ],
  attention_grad: [Array.from({ length: 5 }, () => [1, 2, 3, 4]), { scale: 0.5 }],
  cross_entropy: [[[2, 3], [2]], {}, [1]],
  cross_entropy_grad: [[[2, 3], [2], [2]], {}, [1]],
  gelu: [[[2, 3]]],
  gelu_grad: [
    [
      [2, 3],
      [2, 3],
    ],
  ],
  layer_norm: [[[2, 3], [3], [3]], { eps: 1e-6 }],
  layer_norm_grad: [[[2, 3], [3], [2, 1], [2, 1], [2, 3]]],
  softmax: [[[2, 3]]],
  softmax_grad: [
    [
      [2, 3],
      [2, 3],
    ],
  ],
};

function callOf(name: string): Program {
  const [shapes, attributes = {}, integers = []] = CALLS[name] ?? [[]];
  const composite = COMPOSITES.get(name) as Composite;
  const builder = new ProgramBuilder(name);
  const operands = shapes.map((shape, i) => {
    const operand = (composite.operands[i] as string).replace('?', '');
    return builder.input(operand, integers.includes(i) ? 'i32' : 'f32', shape, 'data');
  });
  const results = builder.call(composite, operands, attributes);
  results.forEach((value, i) => {
    builder.output(composite.results[i] as string, value);
  });
  return builder.finish();
}

/** A small training step: embedding, layer norm, linear, a loss, its gradient, plain descent. */
function smallStep(): Program {
  const builder = new ProgramBuilder('small.step');
  const ids = builder.input('ids', 'i32', [2, 2], 'data');
  const position = builder.input('position', 'f32', [2, 4], 'constant', 'sinusoid(2,4)');
  const rate = builder.input('schedule.rate', 'f32', [], 'schedule');
  const parameter = (name: string, shape: Shape): Value =>
    builder.input(name, 'f32', shape, 'parameter');
  const table = parameter('table', [3, 4]);
  const [gamma, beta] = [parameter('norm.weight', [4]), parameter('norm.bias', [4])];
  const weight = parameter('head.weight', [3, 4]);
  const hidden = builder.scope('model', () => {
    const embedded = add(gather(table, ids, 0), position);
    return softmax(linear(layerNorm(embedded, gamma, beta, 1e-6), weight));
  });
  builder.output('loss', div(sum(mul(hidden, hidden)), 4));
  const parameters = ['table', 'norm.weight', 'norm.bias', 'head.weight'];
  const { builder: step, gradients } = differentiate(builder.finish(), 'loss', parameters);
  for (const [name, gradient] of gradients) {
    const change = mul(gradient, step.value(rate.name));
    step.output(name, add(step.value(name), mul(change, -1)));
  }
  return simplify(step.finish());
}

const PROGRAMS: ReadonlyMap<string, () => Program> = new Map([
  ...Object.keys(CALLS).map((name): [string, () => Program] => [name, () => callOf(name)]),
  ['small-step', smallStep],
]);

describe('the golden text', () => {
  it.each([...PROGRAMS])('of %s is unchanged, and parses', (name, build) => {
    const program = build();
    const text = printProgram(program) + printComposites(program);
    const file = new URL(`${name}.txt`, FOLDER);
    if (UPDATE) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, text);
    }
    expect(text).toBe(readFileSync(file, 'utf8'));
    expect(parseProgram(text, `${name}.txt`)).toEqual(program);
  });

  it('exists for every composite, and no file is left over', () => {
    expect(Object.keys(CALLS).sort()).toEqual([...COMPOSITES.keys()].sort());
    const files = [...PROGRAMS.keys()].map((name) => `${name}.txt`).sort();
    expect(readdirSync(FOLDER).sort()).toEqual(files);
  });
});
