import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { floatsOf } from './floats.js';

describe('weights of another type', () => {
  it('in f16 are read exactly', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x8000);
    const want = [1, -2, 0.333251953125, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, -0];
    expect([...floatsOf({ dtype: 'f16', shape: [8], data: bits }, 'w')]).toEqual(want);
    const limits = Uint16Array.of(0x7c00, 0xfc00, 0x7e00);
    const read = floatsOf({ dtype: 'f16', shape: [3], data: limits }, 'w');
    expect([...read]).toEqual([Infinity, -Infinity, Number.NaN]);
  });

  it('in bf16 are read exactly', () => {
    const bits = Uint16Array.of(0x3f80, 0xc000, 0x3eab, 0x0001, 0x8000);
    const want = [1, -2, 0.333984375, 2 ** -133, -0];
    expect([...floatsOf({ dtype: 'bf16', shape: [5], data: bits }, 'w')]).toEqual(want);
  });

  it('in f64 are rounded to float32', () => {
    const data = Float64Array.of(0.1, 1 + 2 ** -24);
    expect([...floatsOf({ dtype: 'f64', shape: [2], data }, 'w')]).toEqual([Math.fround(0.1), 1]);
  });

  it('in integers are refused', () => {
    const data = Int32Array.of(1);
    expect(refusal(() => floatsOf({ dtype: 'i32', shape: [1], data }, 'file: w'))).toContain(
      'file: w: this tensor has no floating-point numbers, so it cannot be a weight; got i32',
    );
  });
});
