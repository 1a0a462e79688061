import { LacunaError, type Program } from '../../spec/index.js';

/** The name of the last value that is made directly in a scope, such as a block's result. */
export function lastValue(program: Program, scope: string): string {
  const inside = new RegExp(`^${scope.replaceAll('.', '\\.')}\\.[^.]+$`);
  const names = program.operations.flatMap(({ results }) => results.map(({ name }) => name));
  const last = names.findLast((name) => inside.test(name));
  if (last !== undefined) return last;
  throw new LacunaError({ where: program.name, what: 'nothing is made in this scope', got: scope });
}
