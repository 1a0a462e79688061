import { describe, expect, it } from 'vitest';
import {
  add,
  broadcast,
  compare,
  constant,
  exp,
  formatType,
  isLegalName,
  layerNorm,
  linear,
  mergeHeads,
  mul,
  neg,
  ProgramBuilder,
  reshape,
  type Shape,
  select,
  slice,
  softmax,
  splitHeads,
  sum,
  type Value,
} from './index.js';

function input(builder: ProgramBuilder, name: string, shape: Shape): Value {
  return builder.input(name, 'f32', shape, 'data');
}

describe('names', () => {
  it('are the operation, numbered from the second one on, behind the scopes', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    const names = [exp(x), exp(x), neg(x)].map(({ name }) => name);
    builder.scope('encoder', () => {
      builder.scope('3', () => names.push(exp(x).name, exp(x).name));
      names.push(exp(x).name);
      names.push(input(builder, 'y', []).name);
    });
    expect(names).toEqual([
      'exp',
      'exp_2',
      'neg',
      'encoder.3.exp',
      'encoder.3.exp_2',
      'encoder.exp',
      'encoder.y',
    ]);
  });

  it('pass over those that are taken', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'exp', [2]);
    input(builder, 'exp_2', [2]);
    expect([exp(x).name, exp(x).name]).toEqual(['exp_3', 'exp_4']);
  });

  it('may be given', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    expect(builder.primitive('exp', [x], {}, 'growth').name).toBe('growth');
  });

  it('of a composite with several results say which; of one with one result are its own', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2, 3]);
    const row = input(builder, 'row', [3]);
    layerNorm(x, row, row, 1e-6);
    expect(softmax(x).name).toBe('softmax');
    expect(builder.finish().operations[0]?.results.map(({ name }) => name)).toEqual([
      'layer_norm.y',
      'layer_norm.mean',
      'layer_norm.rstd',
    ]);
  });

  it('leave the scope when its body throws', () => {
    const builder = new ProgramBuilder('p');
    const fails = (): never => {
      throw new TypeError('inside');
    };
    expect(() => builder.scope('a', fails)).toThrow('inside');
    expect(input(builder, 'x', []).name).toBe('x');
  });

  it.each([
    ['', false],
    ['a', true],
    ['0', true],
    ['_a.b-c', true],
    ['.a', false],
    ['-a', false],
    ['a b', false],
    ['a\n', false],
    ['é', false],
    ['a%', false],
    ['__proto__', false],
    ['constructor', false],
    ['toString', false],
    ['prototype', true],
    ['n'.repeat(512), true],
    ['n'.repeat(513), false],
  ])('%j are legal: %s', (name, legal) => {
    expect(isLegalName(name)).toBe(legal);
    const declare = (): Value => input(new ProgramBuilder('p'), name, []);
    if (legal) expect(declare().name).toBe(name);
    else expect(declare).toThrow('a name is not legal');
  });
});

describe('the builder', () => {
  it('refuses a name given twice, a value that does not exist and one of another builder', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    const other = input(new ProgramBuilder('q'), 'x', [2]);
    expect(() => input(builder, 'x', [2])).toThrow('p: two values have one name; got x.');
    expect(() => builder.value('y')).toThrow('p: no value has this name; got y.');
    expect(() => add(x, other)).toThrow('p: value x belongs to another program; got q.');
    expect(() => builder.output('o', other)).toThrow('belongs to another program');
    builder.output('o', x);
    expect(() => builder.output('o', x)).toThrow('p: two outputs have one name; got o.');
  });

  it('writes nothing down where an operation is refused', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    expect(() => builder.primitive('and', [x, x], {})).toThrow('and: ');
    expect(builder.finish().operations).toEqual([]);
    expect(exp(x).name).toBe('exp');
  });

  it('hands out programs that do not change when it goes on', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    const before = builder.finish();
    builder.output('y', exp(x));
    expect(before).toEqual({
      name: 'p',
      inputs: [{ name: 'x', dtype: 'f32', shape: [2], role: 'data' }],
      operations: [],
      outputs: [],
    });
  });

  it('extended, has all of the program and its float type, and goes on numbering', () => {
    const first = new ProgramBuilder('p', { float: 'f64' });
    first.input('n', 'i32', [], 'data');
    const x = first.input('x', 'f64', [2], 'constant', 'table(2)');
    first.output('y', exp(x));
    const program = first.finish();
    const second = ProgramBuilder.extend(program, 'q');
    expect(second.finish()).toEqual({ ...program, name: 'q' });
    expect(second.float).toBe('f64');
    expect(exp(second.value('x')).name).toBe('exp_2');
    expect(() => second.output('y', second.value('x'))).toThrow('two outputs have one name');
  });
});

describe('elementwise functions', () => {
  const types: readonly (readonly [Shape, Shape, string])[] = [
    [[2, 3], [2, 3], 'f32[2,3]'],
    [[2, 3], [3], 'f32[2,3]'],
    [[3], [2, 3], 'f32[2,3]'],
    [[2, 1], [1, 3], 'f32[2,3]'],
    [[], [2, 3], 'f32[2,3]'],
    [[1], [], 'f32[1]'],
    [[1, 3], [0, 3], 'f32[0,3]'],
    [[0], [1], 'f32[0]'],
    [[5, 1, 1], [7, 1], 'f32[5,7,1]'],
  ];
  it.each(types)('stretch [%s] and [%s] to %s', (a, b, expected) => {
    const builder = new ProgramBuilder('p');
    const [x, y] = [input(builder, 'x', a), input(builder, 'y', b)];
    expect(formatType(add(x, y))).toBe(expected);
    expect(formatType(compare(x, 'lt', y))).toBe(expected.replace('f32', 'bool'));
  });

  it.each<readonly [Shape, Shape]>([
    [[2], [3]],
    [[2, 3], [2]],
    [[0], [2]],
    [
      [2, 2, 3],
      [3, 1, 3],
    ],
  ])('refuse [%s] and [%s]', (a, b) => {
    const builder = new ProgramBuilder('p');
    const [x, y] = [input(builder, 'x', a), input(builder, 'y', b)];
    expect(() => add(x, y)).toThrow(
      `shapes cannot be stretched to one another; got x: ${formatType(x)}, y: ${formatType(y)}`,
    );
  });

  it('stretch the three operands of select to one shape', () => {
    const builder = new ProgramBuilder('p');
    const condition = builder.input('c', 'bool', [2, 1], 'data');
    const row = input(builder, 'row', [3]);
    expect(formatType(select(condition, row, 0))).toBe('f32[2,3]');
    expect(formatType(select(condition, 1, 0))).toBe('f32[2,1]');
    expect(() => select(condition, row, builder.input('i', 'i32', [3], 'data'))).toThrow(
      'select: the branches differ in type',
    );
  });

  it('lift a number to a constant of the type of the other operand', () => {
    const builder = new ProgramBuilder('p');
    const n = builder.input('n', 'i32', [2], 'data');
    expect(formatType(add(n, 1))).toBe('i32[2]');
    expect(formatType(mul(2, input(builder, 'x', [])))).toBe('f32[]');
    expect(() => add(1, 2)).toThrow('both operands are plain numbers; got 1 and 2');
  });

  it('add no broadcast where nothing is stretched', () => {
    const builder = new ProgramBuilder('p');
    const x = input(builder, 'x', [2]);
    add(x, x);
    expect(broadcast(x, [2])).toBe(x);
    expect(builder.finish().operations.map(({ op }) => op)).toEqual(['add']);
  });
});

describe('shape functions', () => {
  const builder = new ProgramBuilder('p');
  const x = input(builder, 'x', [2, 3, 4]);

  it.each<readonly [Shape, Shape, string]>([
    [[2, 3, 4], [-1], 'f32[24]'],
    [[2, 3, 4], [4, -1], 'f32[4,6]'],
    [[0, 3], [-1, 3], 'f32[0,3]'],
    [[0, 3], [-1], 'f32[0]'],
    [[], [-1], 'f32[1]'],
  ])('reshape [%s] to [%s]: the rest is computed', (from, to, expected) => {
    const own = new ProgramBuilder('p');
    expect(formatType(reshape(input(own, 'x', from), to))).toBe(expected);
  });

  it('reshape refuses a rest that does not exist, and two rests', () => {
    expect(() => reshape(x, [5, -1])).toThrow('an extent is no natural number; got [5,4.8]');
    expect(() => reshape(x, [-1, -1])).toThrow('the number of elements changes');
  });

  it('reductions count negative axes from the last and take them in any order', () => {
    expect(formatType(sum(x, [-1, 0]))).toBe('f32[3]');
    expect(formatType(sum(x))).toBe('f32[]');
    expect(formatType(sum(x, [1], { keep: true }))).toBe('f32[2,1,4]');
    expect(sum(x, [])).toBe(x);
    expect(() => sum(x, [3])).toThrow('the axis does not exist');
    expect(() => sum(x, [0, -3])).toThrow('the axes are not ascending');
  });

  it('slice cuts one axis; splitHeads and mergeHeads are inverse to one another', () => {
    expect(formatType(slice(x, 1, 1, 3))).toBe('f32[2,2,4]');
    expect(formatType(splitHeads(x, 2))).toBe('f32[2,2,3,2]');
    expect(formatType(mergeHeads(splitHeads(x, 2)))).toBe('f32[2,3,4]');
    expect(() => splitHeads(x, 3)).toThrow('the width cannot be split into 3 heads');
  });

  it('linear wants a weight [O, I] for [..., I]', () => {
    const weight = input(builder, 'weight', [5, 4]);
    expect(formatType(linear(x, weight, input(builder, 'bias', [5])))).toBe('f32[2,3,5]');
    expect(() => linear(x, input(builder, 'turned', [4, 5]))).toThrow(
      'turned: the weight does not fit its input',
    );
  });

  it('a literal takes the shape of its list, or the one given', () => {
    expect(formatType(constant(builder, 1))).toBe('f32[]');
    expect(formatType(constant(builder, [1, 2]))).toBe('f32[2]');
    expect(formatType(constant(builder, [1, 2], { shape: [2, 1], dtype: 'u8' }))).toBe('u8[2,1]');
  });
});
