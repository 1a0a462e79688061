import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binade, binaryExponent, powerOfTwo, scaleByPowerOfTwo } from './binary.js';
import { exp } from './exp.js';
import { log } from './log.js';
import { pow, powInteger } from './pow.js';
import { cos, sin } from './trigonometry.js';

function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

/** How many doubles lie between two numbers of the same sign. */
function ulps(a: number, b: number): number {
  if (a === b) return 0;
  if (Math.sign(a) !== Math.sign(b)) return Number.POSITIVE_INFINITY;
  const distance = BigInt(`0x${bits(Math.abs(a))}`) - BigInt(`0x${bits(Math.abs(b))}`);
  return Math.abs(Number(distance));
}

const finite = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true });
const positive = fc.double({ min: 5e-324, max: 1.7e308, noNaN: true });
const RUNS = { numRuns: 5000 };

// Engines' own functions are within 1 ulp or so of the truth, hence 2 between them and ours.
describe('exp', () => {
  it('is within 2 units in the last place of the engine', () => {
    const x = fc.oneof(finite(-745.2, 709.8), finite(-2, 2), fc.integer({ min: -745, max: 709 }));
    fc.assert(
      fc.property(x, (v) => {
        expect(ulps(exp(v), Math.exp(v))).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
  });

  it('has the ends of exp', () => {
    expect(exp(0)).toBe(1);
    expect(exp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(710)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(-746)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
  });

  it.each([
    [-745, '0000000000000001'],
    [-700.5, '00c4ff475c68ca02'],
    [-1, '3fd78b56362cef38'],
    [1e-9, '3ff000000044b830'],
    [0.5, '3ffa61298e1e069c'],
    [1, '4005bf0a8b145769'],
    [10, '40d5829dcf950560'],
    [709.7, '7fed75ae7a50ee14'],
  ])('keeps its bits at %d', (x, value) => {
    expect(bits(exp(x))).toBe(value);
  });
});

describe('log', () => {
  it('is within 2 units in the last place of the engine', () => {
    fc.assert(
      fc.property(fc.oneof(positive, finite(0.4, 2.5)), (v) => {
        expect(ulps(log(v), Math.log(v))).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
  });

  it('has the ends of log', () => {
    expect(log(1)).toBe(0);
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(log(-1)).toBeNaN();
    expect(log(Number.NaN)).toBeNaN();
  });

  it.each([
    [5e-324, 'c0874385446d71c3'],
    [1e-10, 'c037069e2aa2aa5b'],
    [0.5, 'bfe62e42fefa39ef'],
    [Math.SQRT1_2, 'bfd62e42fefa39ee'],
    [Math.SQRT2, '3fd62e42fefa39f0'],
    [2, '3fe62e42fefa39ef'],
    [10, '40026bb1bbb55516'],
    [1e300, '4085963447f87fb5'],
  ])('keeps its bits at %d', (x, value) => {
    expect(bits(log(x))).toBe(value);
  });
});

describe('sin and cos', () => {
  it('are within 2 units in the last place of the engine', () => {
    const x = fc.oneof(finite(-10, 10), finite(-1e6, 1e6), fc.integer({ min: -5000, max: 5000 }));
    fc.assert(
      fc.property(x, (v) => {
        expect(ulps(sin(v), Math.sin(v))).toBeLessThanOrEqual(2);
        expect(ulps(cos(v), Math.cos(v))).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
  });

  it('stay exact beside the multiples of pi/2, where digits cancel', () => {
    for (let n = -2000; n <= 2000; n++) {
      const x = (n * Math.PI) / 2;
      expect(ulps(sin(x), Math.sin(x))).toBeLessThanOrEqual(2);
      expect(ulps(cos(x), Math.cos(x))).toBeLessThanOrEqual(2);
    }
  });

  it.each([
    [0.5, '3fdeaee8744b05f0', '3fec1528065b7d50'],
    [1, '3feaed548f090cee', '3fe14a280fb5068c'],
    [-2.5, 'bfe326af0dcfcab0', 'bfe9a2f7ef858b7d'],
    [100, 'bfe03425b78c4db8', '3feb981dbf665fdf'],
    [1568, 'bfd5a91d030c0c0e', 'bfee1c8da33a0fc3'],
    [999999.5, 'bfe833357b1489f2', '3fe4efdfc640fc4d'],
  ])('keep their bits at %d', (x, sine, cosine) => {
    expect([bits(sin(x)), bits(cos(x))]).toEqual([sine, cosine]);
  });

  it.each([1e6 + 1, -1e7, Number.NaN, Number.POSITIVE_INFINITY])('refuse the angle %d', (x) => {
    expect(() => sin(x)).toThrow(/angle/);
    expect(() => cos(x)).toThrow(/angle/);
  });
});

describe('pow', () => {
  it('is within 2 units in the last place of the engine', () => {
    const pair = fc.tuple(finite(1e-30, 1e30), finite(-10, 10));
    fc.assert(
      fc.property(pair, ([x, y]) => {
        expect(ulps(pow(x, y), x ** y)).toBeLessThanOrEqual(2);
      }),
      RUNS,
    );
  });

  it('is exact where the power is an integer that fits', () => {
    for (let base = 1; base <= 30; base++) {
      for (let n = 0; base ** n < 2 ** 53 && n < 53; n++) {
        expect(pow(base, n)).toBe(Number(BigInt(base) ** BigInt(n)));
      }
    }
  });

  it.each([
    [10000, 2 / 768, '3ff0636e6a1efe5b'],
    [10000, 766 / 768, '40c31180206d9a1d'],
    [2, 0.5, '3ff6a09e667f3bcd'],
    [0.5, -3.25, '402306fe0a31b715'],
    [10, 300, '7e37e43c8800759b'],
    [10, -320, '00000000000007e8'],
  ])('keeps its bits at %d^%d', (x, y, value) => {
    expect(bits(pow(x, y))).toBe(value);
  });

  it.each([
    [0, 1],
    [-2, 2],
    [2, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ])('refuses %d^%d', (x, y) => {
    expect(() => pow(x, y)).toThrow(/power is out of its domain/);
  });
});

describe('powInteger', () => {
  it('multiplies by squaring from the lowest bit', () => {
    const x = 0.999;
    const square = x * x;
    const fourth = square * square;
    expect(powInteger(x, 0)).toBe(1);
    expect(powInteger(x, 1)).toBe(x);
    expect(powInteger(x, 7)).toBe(x * square * fourth);
    expect(bits(powInteger(x, 1000))).toBe('3fd788526411edac');
  });

  it('stays close to the true power over a long run', () => {
    for (const n of [10, 1000, 30_000]) {
      expect(Math.abs(powInteger(0.999, n) / 0.999 ** n - 1)).toBeLessThan(n * 2.3e-16);
    }
  });

  it.each([-1, 0.5, 2 ** 53])('refuses the exponent %d', (n) => {
    expect(() => powInteger(2, n)).toThrow(/integer power/);
  });
});

describe('the binary form of a double', () => {
  it('is exact over the whole range, subnormal numbers included', () => {
    fc.assert(
      fc.property(positive, (x) => {
        const k = binaryExponent(x);
        const mantissa = scaleByPowerOfTwo(x, -k);
        expect(mantissa).toBeGreaterThan(0.7);
        expect(mantissa).toBeLessThan(1.4143);
        expect(scaleByPowerOfTwo(mantissa, k)).toBe(x);
      }),
      RUNS,
    );
  });

  it('has the power of two that is next below', () => {
    const ends = [5e-324, 2 ** -1022, 1, 1 - 2 ** -53, 2 - 2 ** -52, 2 ** 1023, Number.MAX_VALUE];
    const check = (x: number): void => {
      const power = binade(x);
      expect(powerOfTwo(Math.round(Math.log2(power)))).toBe(power);
      expect(power).toBeLessThanOrEqual(x);
      expect(x - power).toBeLessThan(power);
    };
    ends.forEach(check);
    fc.assert(fc.property(positive, check), RUNS);
  });
});
