import { describe, expect, it } from 'vitest';
import {
  add,
  constant,
  div,
  exp,
  layerNorm,
  mul,
  neg,
  type Operation,
  type Program,
  ProgramBuilder,
  reshape,
  sqrt,
  sub,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { foldConstants, removeDeadCode, shareCommonSubexpressions, simplify } from './index.js';

function build(
  body: (builder: ProgramBuilder, x: Value) => readonly Value[],
  float: 'f32' | 'f64' | 'f16' = 'f32',
): Program {
  const builder = new ProgramBuilder('main', { float });
  const outputs = body(builder, builder.input('x', float, [2, 3], 'data'));
  outputs.forEach((value, index) => {
    builder.output(`out_${index}`, value);
  });
  return builder.finish();
}

const ops = ({ operations }: Program): readonly string[] => operations.map(({ op }) => op);

function literal(program: Program, index: number = 0): readonly number[] {
  const name = program.outputs[index]?.value;
  const made = program.operations.find(({ results }) => results[0]?.name === name) as Operation;
  if (made.op !== 'constant') throw new Error(`${name} is ${made.op}`);
  return made.attributes.data;
}

describe('foldConstants', () => {
  it('rounds operands and result of every f32 step as Math.fround does', () => {
    const [a, b, c] = [0.1, 0.2, 3.3];
    const folded = foldConstants(
      build((builder) => [
        sub(mul(add(constant(builder, a), constant(builder, b)), constant(builder, c)), 0.7),
      ]),
    );
    const f = Math.fround;
    expect(literal(folded)).toEqual([f(f(f(f(a) + f(b)) * f(c)) - f(0.7))]);
    expect(literal(folded)[0]).not.toBe(f((a + b) * c - 0.7)); // else the case shows nothing
  });

  it('computes f64 in f64', () => {
    const folded = foldConstants(
      build((builder) => [div(sqrt(constant(builder, 2)), constant(builder, 3))], 'f64'),
    );
    expect(literal(folded)).toEqual([Math.sqrt(2) / 3]);
  });

  it('overflows, underflows and keeps the sign of zero as f32 does', () => {
    const c = (builder: ProgramBuilder, value: number): Value => constant(builder, value);
    const folded = foldConstants(
      build((builder) => [
        mul(c(builder, 1e30), c(builder, 1e30)),
        mul(c(builder, -1e-30), c(builder, 1e-30)),
        neg(c(builder, 0)),
        div(c(builder, -1), c(builder, Infinity)),
        sub(c(builder, Infinity), c(builder, Infinity)),
        sqrt(c(builder, -0)),
        sqrt(c(builder, -1)),
        div(c(builder, 0), c(builder, 0)),
      ]),
    );
    const got = folded.outputs.map((_, index) => literal(folded, index)[0]);
    expect(got).toStrictEqual([Infinity, -0, -0, -0, NaN, -0, NaN, NaN]);
  });

  it('reshapes literals and leaves broadcasts, so that literals stay small', () => {
    const folded = foldConstants(
      build((builder, x) => [
        reshape(constant(builder, [1, 2, 3, 4]), [2, 2]),
        add(x, constant(builder, [1, 2, 3])),
      ]),
    );
    expect(literal(folded)).toEqual([1, 2, 3, 4]);
    expect(ops(folded)).toContain('broadcast');
  });

  it('leaves alone what IEEE 754 does not round: exp; and types that it does not compute: f16', () => {
    const f32 = build((builder) => [exp(constant(builder, 1)), sum(constant(builder, [1, 2]))]);
    expect(foldConstants(f32)).toEqual(f32);
    const f16 = build((builder) => [add(constant(builder, 1), constant(builder, 2))], 'f16');
    expect(foldConstants(f16)).toEqual(f16);
  });

  it('leaves arithmetic with an input alone', () => {
    const program = build((_, x) => [add(x, 1), neg(x)]);
    expect(foldConstants(program)).toEqual(program);
  });
});

describe('shareCommonSubexpressions', () => {
  it('shares equal operations, and then those that use them', () => {
    const program = build((_, x) => [exp(neg(x)), exp(neg(x)), add(exp(neg(x)), exp(neg(x)))]);
    const shared = shareCommonSubexpressions(program);
    expect(ops(shared)).toEqual(['neg', 'exp', 'add']);
    expect(shared.outputs[1]?.value).toBe(shared.outputs[0]?.value);
  });

  it('tells operands in another order, other attributes and other composites apart', () => {
    const program = build((_, x) => [
      sub(x, neg(x)),
      sub(neg(x), x),
      sum(x, [0]),
      sum(x, [1]),
      sum(x, [1], { keep: true }),
    ]);
    expect(ops(shareCommonSubexpressions(program)).filter((op) => op !== 'neg')).toHaveLength(5);
  });

  it('tells 0, -0, null-like numbers and their types apart in literals', () => {
    const numbers = [0, -0, NaN, Infinity, -Infinity, 1];
    const program = build((builder) => [
      ...numbers.map((value) => constant(builder, value)),
      ...numbers.map((value) => constant(builder, value)),
      constant(builder, 1, { dtype: 'f64' }),
      constant(builder, 1, { dtype: 'i32' }),
      constant(builder, [1]),
    ]);
    expect(shareCommonSubexpressions(program).operations).toHaveLength(numbers.length + 3);
  });

  it('shares calls with all their results, and not those with another attribute', () => {
    const program = build((builder, x) => {
      const row = builder.input('row', 'f32', [3], 'data');
      return [1e-6, 1e-6, 1e-5].map((eps) => layerNorm(x, row, row, eps));
    });
    const shared = shareCommonSubexpressions(program);
    expect(ops(shared)).toEqual(['call', 'call']);
    expect(shared.outputs.map(({ value }) => value)).toEqual([
      'layer_norm.y',
      'layer_norm.y',
      'layer_norm.y_3',
    ]);
  });
});

describe('removeDeadCode', () => {
  it('keeps what an output needs, all results of a call of which one is needed, and every input', () => {
    const program = build((builder, x) => {
      const row = builder.input('row', 'f32', [3], 'data');
      exp(neg(x));
      return [layerNorm(add(x, x), row, row, 1e-6)];
    });
    const alive = removeDeadCode(program);
    expect(ops(alive)).toEqual(['add', 'call']);
    expect(alive.operations[1]?.results).toHaveLength(3);
    expect(alive.inputs).toEqual(program.inputs);
  });

  it('leaves nothing where an input is the only output', () => {
    const program = build((_, x) => {
      exp(x);
      return [x];
    });
    expect(removeDeadCode(program).operations).toEqual([]);
  });
});

describe('simplify', () => {
  it('folds, shares and removes together', () => {
    const program = build((builder, x) => {
      const two = add(constant(builder, 1), constant(builder, 1));
      return [mul(x, two), mul(x, constant(builder, 2))];
    });
    expect(ops(simplify(program))).toEqual(['constant', 'broadcast', 'mul']);
  });
});
