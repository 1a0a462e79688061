import { describe, expect, it } from 'vitest';
import { DOUBLE_DOUBLE, InterpreterBackend } from '../reference/index.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { RELATION_FAMILIES } from './relations/index.js';
import { backendSubject } from './subject.js';

// The bounds themselves are computed in float64. A value of twice the bits must lie within those of
// the tightest contract; if an interval forgot an error of its own, it would not.
describe('bounds hold the value of double-double arithmetic', () => {
  const info = { name: 'double-double', contract: 'f64-ieee', claims: [] } as const;
  const subject = backendSubject(new InterpreterBackend(DOUBLE_DOUBLE, info));

  it.each([...FAMILIES, ...RELATION_FAMILIES])('$id', async (family) => {
    const { verdict, reason, failure } = await familyCheck(family).run(subject, { cases: 15 });
    // Ends of an interval as short as float64 itself leave little to judge.
    expect(['pass', 'vacuous'], reason ?? JSON.stringify(failure)).toContain(verdict);
  });
});
