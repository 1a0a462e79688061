import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DOUBLE_DOUBLE, type Doubled } from './double-double.js';

const number = (high: number, low = 0): Doubled => ({
  high: Float64Array.of(high),
  low: Float64Array.of(low),
});
type Operation = 'add' | 'sub' | 'mul' | 'div';

function apply(operation: Operation, a: Doubled, b: Doubled): Doubled {
  const out = number(0);
  DOUBLE_DOUBLE[operation](out, a, b, 0);
  return out;
}

/** A dyadic number as a whole number of 2^-scale, exactly. */
function whole(x: number, scale: number): bigint {
  return BigInt(x * 2 ** scale);
}

describe('double-double', () => {
  const dyadic = fc.integer({ min: -(2 ** 50), max: 2 ** 50 }).map((n) => n * 2 ** -20);

  it('multiplies and adds exactly where a hundred bits suffice', () => {
    fc.assert(
      fc.property(dyadic, dyadic, (a, b) => {
        const product = apply('mul', number(a), number(b));
        expect(whole(product.high[0] ?? 0, 40) + whole(product.low[0] ?? 0, 40)).toBe(
          whole(a, 20) * whole(b, 20),
        );
        const sum = apply('add', number(a), number(b * 2 ** -20));
        expect(whole(sum.high[0] ?? 0, 40) + whole(sum.low[0] ?? 0, 40)).toBe(
          whole(a, 40) + whole(b * 2 ** -20, 40),
        );
      }),
    );
  });

  it('divides and takes roots so that the reverse is off by a hundredth bit', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (a, b) => {
          const back = apply('mul', apply('div', number(a), number(b)), number(b));
          expect(Math.abs((back.high[0] ?? 0) - a + (back.low[0] ?? 0))).toBeLessThan(a * 2 ** -98);
          const root = number(0);
          DOUBLE_DOUBLE.library('sqrt', root, number(a), 0);
          const square = apply('mul', root, root);
          expect(Math.abs((square.high[0] ?? 0) - a + (square.low[0] ?? 0))).toBeLessThan(
            a * 2 ** -98,
          );
        },
      ),
    );
  });

  it('leaves NaN and infinities as they are', () => {
    expect(apply('add', number(Infinity), number(1)).high[0]).toBe(Infinity);
    expect(apply('sub', number(Infinity), number(Infinity)).high[0]).toBeNaN();
    expect(apply('div', number(1), number(0)).high[0]).toBe(Infinity);
    expect(apply('mul', number(1e200), number(1e200)).high[0]).toBe(Infinity);
  });
});
