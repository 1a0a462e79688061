import { describe, expect, it } from 'vitest';
import { studentQuantile } from './t-quantile.js';

describe("Student's quantile", () => {
  it('agrees with published tables', () => {
    expect(studentQuantile(1, 0.05)).toBeCloseTo(12.706, 3);
    expect(studentQuantile(10, 0.01)).toBeCloseTo(3.1693, 4);
    expect(studentQuantile(30, 0.001)).toBeCloseTo(3.646, 3);
    expect(studentQuantile(1000, 0.05)).toBeCloseTo(1.9623, 4);
  });

  it('grows far out as the tail thins', () => {
    expect(studentQuantile(31, 1e-8)).toBeGreaterThan(studentQuantile(31, 1e-6));
    expect(studentQuantile(31, 1e-6)).toBeGreaterThan(4.9);
  });
});
