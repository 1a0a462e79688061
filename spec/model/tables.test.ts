import { describe, expect, it } from 'vitest';
import { sinusoidTable } from './sinusoid.js';
import { makeTable } from './tables.js';

describe('makeTable', () => {
  it('makes the sinusoid table that its source names', () => {
    expect(makeTable('sinusoid(7,5)')).toEqual(sinusoidTable(7, 5));
  });

  it.each(['', 'sinusoid', 'sinusoid(7)', 'sinusoid(7,5)x', 'sinusoid(-7,5)', 'cosine(7,5)'])(
    'refuses %j',
    (source) => {
      expect(() => makeTable(source)).toThrow(/no spec function/);
    },
  );

  it('refuses a table that is too large', () => {
    expect(() => makeTable('sinusoid(999999999,768)')).toThrow(/out of bounds/);
  });
});
