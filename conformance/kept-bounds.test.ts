import { expect, it } from 'vitest';
import { DOUBLE_DOUBLE, InterpreterBackend } from '../reference/index.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { backendSubject } from './subject.js';

// Of one contract, in one process: a case as it is, and the same with f64 for f32, have bounds of their own.
it('keeps apart what a case allows in f32 and in f64', async () => {
  const info = { name: 'double-double', contract: 'f64-ieee', claims: [] } as const;
  const subject = backendSubject(new InterpreterBackend(DOUBLE_DOUBLE, info));
  const family = FAMILIES.find(({ id }) => id === 'primitive/add');
  if (family === undefined) throw new Error('it is gone');
  for (const double of [true, false, true]) {
    const { verdict, failure } = await familyCheck(family).run(subject, { cases: 5, double });
    expect(['pass', 'vacuous'], JSON.stringify(failure)).toContain(verdict);
  }
});
