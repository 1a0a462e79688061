import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../reference/index.js';
import {
  add,
  attention,
  COMPOSITES,
  Composite,
  exp,
  layerNorm,
  mul,
  neg,
  type Program,
  ProgramBuilder,
  type Value,
} from '../../spec/program/index.js';
import { checkProgram } from '../check.js';
import { expand } from './expand.js';

// Composites that hand on what they are given, or give one value twice: the spec has none today.
const call = (name: string, ...operands: readonly Value[]): readonly Value[] => {
  const composite = COMPOSITES.get(name) as Composite;
  return (operands[0] as Value).builder.call(composite, operands, {});
};
const ODD: readonly Composite[] = [
  new Composite({
    name: 'pass_on',
    operands: ['a', 'b'],
    attributes: {},
    results: ['b', 'sum', 'a'],
    body: ([a, b]) => [b as Value, add(a as Value, b as Value), a as Value],
  }),
  new Composite({
    name: 'twice',
    operands: ['x'],
    attributes: {},
    results: ['first', 'second'],
    body: ([x]) => {
      const y = neg(x as Value);
      return [y, y];
    },
  }),
  new Composite({
    // uses inside its body what nested calls hand on and give twice, and hands it on again
    name: 'nested',
    operands: ['x'],
    attributes: {},
    results: ['through', 'again', 'product', 'negated'],
    body: ([x]) => {
      const [handed, sum] = call('pass_on', exp(x as Value), x as Value) as [Value, Value];
      const [first, second] = call('twice', sum) as [Value, Value];
      return [handed, handed, mul(handed, second), first];
    },
  }),
];

beforeAll(() => {
  for (const composite of ODD)
    (COMPOSITES as Map<string, Composite>).set(composite.name, composite);
});
afterAll(() => {
  for (const { name } of ODD) (COMPOSITES as Map<string, Composite>).delete(name);
});

function build(body: (builder: ProgramBuilder, x: Value) => readonly Value[]): Program {
  const builder = new ProgramBuilder('main', { float: 'f64' });
  const outputs = body(builder, builder.input('x', 'f64', [3], 'data'));
  outputs.forEach((value, index) => {
    builder.output(`out_${index}`, value);
  });
  return builder.finish();
}

function run(program: Program): readonly (readonly number[])[] {
  const x = { dtype: 'f64', shape: [3], data: Float64Array.of(0.5, -1, 2) } as const;
  return Object.values(interpret(program, { x })).map(({ data }) => [...data]);
}

describe('expand', () => {
  it.each<readonly [string, (builder: ProgramBuilder, x: Value) => readonly Value[]]>([
    ['an operand passed straight through', (_, x) => call('pass_on', x, neg(x))],
    ['one value that is two results', (_, x) => call('twice', x)],
    [
      'results passed through several calls one after the other',
      (_, x) => {
        const [a, , b] = call('pass_on', x, exp(x)) as [Value, Value, Value];
        const [c, d] = call('pass_on', a, b) as [Value, Value];
        return [c, add(c, d), ...call('twice', c)];
      },
    ],
    ['all of that inside a body', (_, x) => call('nested', x)],
    [
      'all of that inside a body, used again',
      (_, x) => call('nested', call('nested', x)[1] as Value),
    ],
  ])('keeps the results of %s', (_, body) => {
    const program = build(body);
    const expanded = expand(program);
    checkProgram(expanded);
    expect(expanded.operations.every(({ op }) => op !== 'call')).toBe(true);
    expect(run(expanded)).toEqual(run(program));
  });

  it('keeps a claimed call inside the body of one that is not claimed', () => {
    const program = build((_, x) => call('nested', x));
    const expanded = expand(program, (name) => name === 'twice');
    checkProgram(expanded);
    expect(expanded.operations.map(({ op }) => op)).toEqual(['exp', 'add', 'call', 'mul']);
    expect(run(expanded)).toEqual(run(program));
  });

  it('names results as the call did, and values of the body after its first result', () => {
    const builder = new ProgramBuilder('named');
    const q = builder.input('q', 'f32', [1, 1, 2, 3], 'data');
    const o = builder.scope('encoder.0', () => attention(q, q, q, { scale: 1 }));
    builder.output('o', o);
    const names = expand(builder.finish()).operations.map(({ results }) => results[0]?.name);
    expect(names).toContain('encoder.0.attention.softmax.exp');
    expect(names.at(-1)).toBe('encoder.0.attention');
  });

  it('gives a fresh name where the program has the name of a body value already', () => {
    const program = build((builder, x) => {
      const row = builder.input('layer_norm.y.sub', 'f64', [3], 'data');
      return [layerNorm(x, row, row, 1e-6)];
    });
    const expanded = expand(program);
    checkProgram(expanded);
    expect(expanded.operations.flatMap(({ results }) => results.map(({ name }) => name))).toContain(
      'layer_norm.y.sub_2',
    );
  });
});
