import { clauseNamed } from '../spec/clauses/index.js';
import type { Check } from './check.js';
import type { CheckReport } from './report/report.js';

/**
 * The checks that failed before and that this one stands on: those of a clause that one of its own
 * clauses needs, directly or by way of others. Its result would only repeat theirs.
 */
export function blockers(check: Check, before: readonly CheckReport[]): readonly string[] {
  const needed = new Set<string>();
  const visit = (id: string): void => {
    for (const need of clauseNamed(id).needs) {
      if (needed.has(need)) continue;
      needed.add(need);
      visit(need);
    }
  };
  for (const id of check.clauses) visit(id);
  for (const own of check.clauses) needed.delete(own);
  return before
    .filter(({ verdict, known }) => verdict === 'fail' && known === undefined)
    .filter(({ clauses }) => clauses.some((id) => needed.has(id)))
    .map(({ id }) => id);
}
