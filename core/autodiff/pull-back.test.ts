import { describe, expect, it } from 'vitest';
import { interpret } from '../../reference/index.js';
import { exp, matmul, mul, ProgramBuilder, sum, type Value } from '../../spec/index.js';
import { refusal } from '../testing/refusal.js';
import { differentiate, pullBack } from './differentiate.js';

/** y = exp(x w) and z = sum(y), of which both depend on w. */
function program(withLoss: boolean) {
  const builder = new ProgramBuilder('test', { float: 'f64' });
  const x = builder.input('x', 'f64', [3, 2], 'data');
  const w = builder.input('w', 'f64', [2, 4], 'parameter');
  const c = builder.input('c', 'f64', [3, 4], 'data');
  const y = exp(matmul(x, w));
  builder.output('y', y);
  builder.output('z', sum(y));
  if (withLoss) builder.output('loss', sum(mul(y, c)));
  return builder.finish();
}

const inputs = Object.fromEntries(
  Object.entries({ x: [3, 2], w: [2, 4], c: [3, 4] }).map(([name, shape]) => {
    const [rows = 0, columns = 0] = shape;
    const data = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(3 * i + rows));
    return [name, { dtype: 'f64' as const, shape, data }];
  }),
);

describe('a pull-back', () => {
  it('is the gradient of the sum of outputs times their cotangents', () => {
    const pulled = pullBack(program(false), new Map([['y', ({ builder }) => builder.value('c')]]), [
      'w',
    ]);
    const whole = differentiate(program(true), 'loss', ['w']);
    const [got, want] = [pulled, whole].map(({ builder, gradients }) => {
      builder.output('grad', gradients.get('w') as Value);
      return Array.from(interpret(builder.finish(), inputs).grad?.data ?? []);
    }) as [number[], number[]];
    expect(got).toHaveLength(8);
    for (const [i, value] of want.entries()) expect(got[i]).toBeCloseTo(value, 12);
  });

  it('refuses a cotangent of another type than its output', () => {
    const wrong = new Map([['z', ({ builder }: Value) => builder.value('c')]]);
    expect(refusal(() => pullBack(program(false), wrong, ['w']))).toBe(
      'test: the cotangent of z is of another type; got f64[3,4], expected f64[].',
    );
  });
});
