import { describe, expect, it } from 'vitest';
import { float32, SUMMATIONS } from './float32.js';

describe('the orders of summation', () => {
  const terms = Float32Array.of(2 ** 24, 1, 1, -(2 ** 24));

  it('differ where rounding matters', () => {
    expect(SUMMATIONS.sequential(terms, terms.length)).toBe(0);
    expect(SUMMATIONS.reversed(terms, terms.length)).toBe(2);
    expect(SUMMATIONS.pairwise(terms, terms.length)).toBe(1);
  });

  it('agree with eight lanes of their own', () => {
    const lanes = Float32Array.from({ length: 17 }, (_, i) => i);
    expect(SUMMATIONS.blocked(lanes, lanes.length)).toBe(136);
  });

  it('give 0 for nothing', () => {
    for (const sum of Object.values(SUMMATIONS)) expect(sum(new Float32Array(0), 0)).toBe(0);
  });
});

describe('float32', () => {
  it('keeps a product unrounded where it is fused', () => {
    const x = 1 + 2 ** -12;
    const a = { column: Float32Array.of(-1, x), start: 0, step: 1 };
    const b = { column: Float32Array.of(1, x), start: 0, step: 1 };
    const out = new Float32Array(2);
    float32({ summation: 'sequential' }).dot(out, 0, a, b, 2);
    float32({ summation: 'sequential', fused: true }).dot(out, 1, a, b, 2);
    expect([...out]).toEqual([2 ** -11, 2 ** -11 + 2 ** -24]);
  });
});
