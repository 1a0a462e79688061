import {
  COMPOSITES,
  factsOf,
  PRIMITIVE_NAMES,
  type PrimitiveFacts,
  type PrimitiveName,
} from '../../spec/program/index.js';
import { markdownTable } from '../report/markdown-table.js';

/** Primitives and composites as Markdown: operands and attributes in the order and by the names of a text. */
export function describeOperations(): string {
  const primitives = PRIMITIVE_NAMES.map((name) => {
    const { attributes, operands, takes, gives, means, formula } = factsOf(name);
    const words = [means, ...(formula === undefined ? [] : [`\`${formula}\``])].join(' ');
    const types = takes === 'any' ? 'any type' : takes;
    const from = operands === 0 ? '' : `${types} `;
    return [
      `\`${name}\``,
      operandNames(name).join(', '),
      listed(attributes),
      gives === 'operand' ? types : `${from}-> ${RESULTS[gives]}`,
      // Bars would end the cell.
      words.replaceAll('|', '\\|'),
    ];
  });
  const composites = [...COMPOSITES.values()].map(({ name, operands, attributes, results }) => [
    `\`${name}\``,
    operands.join(', '),
    listed(attributes),
    results.join(', '),
  ]);
  return [
    ...markdownTable(['primitive', 'operands', 'attributes', 'types', ''], primitives),
    '',
    ...markdownTable(['composite', 'operands', 'attributes', 'results'], composites),
  ].join('\n');
}

/** The names of the operands of a primitive, in order; those of its formula. */
export function operandNames(name: PrimitiveName): readonly string[] {
  const { operands, named } = factsOf(name);
  if (named !== undefined) return named;
  return operands === 'some' ? ['x1', 'x2', '...'] : (UNNAMED[operands] ?? []);
}

const UNNAMED: Readonly<Record<number, readonly string[]>> = { 0: [], 1: ['x'], 2: ['a', 'b'] };

const RESULTS: Readonly<Record<Exclude<PrimitiveFacts['gives'], 'operand'>, string>> = {
  bool: 'bool',
  i32: 'i32',
  attribute: 'dtype',
};

/** `axes`: naturals, `keep`: boolean; as a text has them, sorted by name. */
function listed(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, kind]) => `\`${name}\`: ${kind}`)
    .join(', ');
}
