import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import type { Bounds } from '../reference/index.js';
import { judge } from './judge.js';

const bounds: Bounds = {
  dtype: 'f32',
  shape: [2, 2],
  value: Float64Array.of(1, 2, 3, 4),
  low: Float64Array.of(0.9, 2, -Infinity, 3),
  high: Float64Array.of(1.1, 2, Infinity, 5),
};
const got = (...data: number[]): HostTensor => ({
  dtype: 'f32',
  shape: [2, 2],
  data: Float64Array.from(data),
});

describe('judge', () => {
  it('accepts what lies within the bounds, ends included, and counts what cannot be decided', () => {
    const { worst, undecided, elements, mismatch } = judge('y', got(0.9, 2, Number.NaN, 5), bounds);
    expect(worst?.ratio).toBeLessThanOrEqual(1);
    expect([undecided, elements, mismatch]).toEqual([1, 4, undefined]);
  });

  it('names the element that is farthest out', () => {
    const { worst } = judge('y', got(1.2, 2, 0, 8), bounds);
    expect(worst).toMatchObject({ output: 'y', index: [1, 1], got: 8, want: 4, ratio: 4 });
  });

  it('calls a deviation from an exact number infinite', () => {
    expect(judge('y', got(1, 2 + 2 ** -50, 0, 4), bounds).worst?.ratio).toBe(Infinity);
  });

  it('never accepts NaN or infinity within finite bounds', () => {
    for (const wrong of [Number.NaN, Infinity, -Infinity]) {
      expect(judge('y', got(wrong, 2, 3, 4), bounds).worst?.ratio).toBe(Infinity);
    }
  });

  it('wants NaN and infinities where they are certain', () => {
    const certain: Bounds = {
      dtype: 'f32',
      shape: [2],
      value: Float64Array.of(Number.NaN, Infinity),
      low: Float64Array.of(Number.NaN, Infinity),
      high: Float64Array.of(Number.NaN, Infinity),
    };
    const ratio = (...data: number[]): number | undefined =>
      judge('y', { dtype: 'f32', shape: [2], data: Float32Array.from(data) }, certain).worst?.ratio;
    expect(ratio(Number.NaN, Infinity)).toBe(0);
    expect(ratio(0, Infinity)).toBe(Infinity);
    expect(ratio(Number.NaN, -Infinity)).toBe(Infinity);
  });

  it('does not tell zeros of different sign apart', () => {
    const zero: Bounds = {
      dtype: 'f32',
      shape: [],
      value: Float64Array.of(0),
      low: Float64Array.of(0),
      high: Float64Array.of(0),
    };
    const negative: HostTensor = { dtype: 'f32', shape: [], data: Float32Array.of(-0) };
    expect(judge('y', negative, zero).worst?.ratio).toBe(0);
  });

  it('compares integers exactly but for those that are marked', () => {
    const exact: Bounds = {
      dtype: 'i32',
      shape: [2],
      data: Int32Array.of(5, 6),
      unsure: Uint8Array.of(1, 0),
    };
    const result = (...data: number[]): number | undefined =>
      judge('y', { dtype: 'i32', shape: [2], data: Int32Array.from(data) }, exact).worst?.ratio;
    expect(result(0, 6)).toBe(0);
    expect(result(5, 7)).toBe(Infinity);
  });

  it('says what is wrong with the type, or that the output is missing', () => {
    expect(judge('y', undefined, bounds).mismatch).toBe('y: the output is missing');
    expect(judge('y', { ...got(1, 2, 3, 4), shape: [4] }, bounds).mismatch).toContain('f32[4]');
    expect(judge('y', got(1, 2), bounds).mismatch).toContain('2 elements');
  });
});
