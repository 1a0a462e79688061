import type { Operation } from '../../spec/program/index.js';

/**
 * What an operation depends on, by one step or many.
 *
 * @param makersOf What must be there before an operation.
 */
export function ancestorsOf(
  operation: Operation,
  makersOf: (operation: Operation) => readonly Operation[],
): ReadonlySet<Operation> {
  const found = new Set<Operation>();
  const waiting = [operation];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const maker of makersOf(next)) {
      if (found.has(maker)) continue;
      found.add(maker);
      waiting.push(maker);
    }
  }
  return found;
}
