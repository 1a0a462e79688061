import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  type AttributeValue,
  add,
  COMPOSITES,
  Composite,
  compositeNamed,
  formatType,
  mul,
  ProgramBuilder,
  type TensorType,
  type Value,
} from './index.js';

const f32 = (...shape: readonly number[]): TensorType => ({ dtype: 'f32', shape });

/** Counts how often its body is built. */
function counted(): { composite: Composite; built: () => number } {
  let count = 0;
  const composite = new Composite({
    name: 'scaled',
    operands: ['x', 'bias?'],
    attributes: { factor: 'number', flag: 'boolean', label: 'string', list: 'numbers' },
    results: ['y', 'same'],
    body: ([x, bias], { factor }) => {
      count += 1;
      const product = mul(x as Value, factor as number);
      return [bias === undefined ? product : add(product, bias), x as Value];
    },
  });
  return { composite, built: () => count };
}

const GIVEN: Attributes = { factor: 2, flag: true, label: 'a', list: [1, 2] };

describe('tracing a composite', () => {
  it('gives its body as a program, with the types of the results', () => {
    const traced = counted().composite.trace([f32(2, 3), f32(3)], GIVEN);
    expect(traced.program.inputs.map(({ name }) => name)).toEqual(['operand_0', 'operand_1']);
    expect(traced.outputs.map(({ name }) => name)).toEqual(['y', 'same']);
    expect([traced.type(0), traced.type(1)].map(formatType)).toEqual(['f32[2,3]', 'f32[2,3]']);
  });

  it('is done once for equal types and attributes', () => {
    const { composite, built } = counted();
    const first = composite.trace([f32(2)], GIVEN);
    expect(composite.trace([f32(2)], { ...GIVEN })).toBe(first);
    expect(built()).toBe(1);
  });

  it.each<readonly [string, AttributeValue, AttributeValue]>([
    ['factor', 0, -0],
    ['factor', 1, 1 + 2 ** -52],
    ['factor', Number.NaN, Infinity],
    ['flag', true, false],
    ['label', 'a', 'a,list=[3]'],
    ['list', [0], [-0]],
    ['list', [1, 2], [12]],
  ])('tells apart %s %s and %s', (name, a, b) => {
    const { composite, built } = counted();
    composite.trace([f32(2)], { ...GIVEN, [name]: a });
    composite.trace([f32(2)], { ...GIVEN, [name]: b });
    expect(built()).toBe(2);
  });

  it('tells apart types, and one operand of two from two', () => {
    const { composite, built } = counted();
    const given = [[f32(2)], [f32(1)], [f32(2), f32(2)], [{ dtype: 'f64', shape: [2] }]] as const;
    for (const operands of given) composite.trace(operands, GIVEN);
    expect(built()).toBe(4);
  });

  it('keeps no more than 1,000 bodies', () => {
    const { composite, built } = counted();
    for (let factor = 0; factor < 1001; factor++) composite.trace([f32()], { ...GIVEN, factor });
    composite.trace([f32()], { ...GIVEN, factor: 1000 });
    expect(built()).toBe(1001);
    composite.trace([f32()], { ...GIVEN, factor: 0 });
    expect(built()).toBe(1002);
  });

  it.each<readonly [string, readonly TensorType[], object, RegExp]>([
    ['no operand', [], {}, /scaled: the number of operands is wrong; got 0, expected x, bias\?/],
    ['too many operands', [f32(), f32(), f32()], {}, /the number of operands is wrong; got 3/],
    [
      'a string for a number',
      [f32()],
      { factor: '2' },
      /attribute factor: .*got string, expected number/,
    ],
    [
      'a list for a number',
      [f32()],
      { factor: [2] },
      /attribute factor: .*got numbers, expected number/,
    ],
    ['a number for a list', [f32()], { list: 1 }, /attribute list: .*got number, expected numbers/],
    [
      'a missing attribute',
      [f32()],
      { flag: undefined },
      /attribute flag: .*got none, expected boolean/,
    ],
    [
      'an unknown attribute',
      [f32()],
      { more: 1 },
      /attribute more: .*got number, expected no such attribute/,
    ],
    [
      'an inherited attribute',
      [f32()],
      { toString: 1 },
      /attribute toString: .*expected no such attribute/,
    ],
    ['operands that do not fit', [f32(2), f32(3)], {}, /shapes cannot be stretched/],
  ])('refuses %s', (_, operands, change, message) => {
    const { composite } = counted();
    expect(() => composite.trace(operands, { ...GIVEN, ...change })).toThrow(message);
  });
});

describe('the composites of the spec', () => {
  it('are found by name, and only by their own', () => {
    for (const [name, composite] of COMPOSITES) expect(compositeNamed(name)).toBe(composite);
    expect(() => compositeNamed('toString')).toThrow(/no composite has this name; got toString/);
  });

  it('name their results, and refuse a call without operands', () => {
    for (const composite of COMPOSITES.values()) {
      expect(composite.results.length).toBeGreaterThan(0);
      expect(() => composite.trace([], {}), composite.name).toThrow('the number of operands');
    }
  });

  it('add one operation to the caller, whose results have the types of the body', () => {
    const builder = new ProgramBuilder('p');
    const x = builder.input('x', 'f64', [2, 3], 'data');
    const [y] = builder.call(compositeNamed('softmax'), [x], {});
    expect(formatType(y as Value)).toBe('f64[2,3]');
    expect(builder.finish().operations).toEqual([
      {
        op: 'call',
        composite: 'softmax',
        operands: ['x'],
        attributes: {},
        results: [{ name: 'softmax', dtype: 'f64', shape: [2, 3] }],
      },
    ]);
  });
});
