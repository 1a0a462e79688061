import type { Program } from '../../spec/program/index.js';
import { replaceOperations } from './rewrite.js';

/**
 * The program with each operation that repeats an earlier one (same kind, operands and attributes)
 * replaced by it. Every operation is a pure function, so this never changes a result.
 */
export function shareCommonSubexpressions(program: Program): Program {
  const seen = new Map<string, readonly string[]>();
  return replaceOperations(program, (operation) => {
    const { op, operands, attributes } = operation;
    const composite = op === 'call' ? operation.composite : '';
    // JSON has no -0, NaN or infinities; a literal may hold them.
    const key = JSON.stringify([op, composite, operands, attributes], (_, value: unknown) =>
      typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value))
        ? `number ${Object.is(value, -0) ? '-0' : value}`
        : value,
    );
    const earlier = seen.get(key);
    if (earlier !== undefined) return earlier;
    seen.set(
      key,
      operation.results.map(({ name }) => name),
    );
    return operation;
  });
}
