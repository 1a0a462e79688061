import {
  type Attributes,
  type AttributeValue,
  formatType,
  type Operation,
  type Program,
} from '../../spec/program/index.js';
import { checkProgram } from '../check.js';

/** The first line of a text. A change of the grammar or of a meaning takes the next number. */
export const HEADER = 'lacuna program 1';

/**
 * The canonical text of a program: ASCII, one line a declaration, in the order that it has.
 *
 * ```
 * lacuna program 1
 * name loss
 * input %x : f32[2,3] data
 * input %position : f32[2,3] constant sinusoid(2,3)
 * %add = add %x, %position : f32[2,3]
 * %reduce_sum = reduce_sum %add {axes=[0,1], keep=false} : f32[]
 * output loss = %reduce_sum
 * end
 * ```
 *
 * An operation reads `results = name operands {attributes} : types of the results`; a composite's
 * name follows the word `call`. Attributes are sorted by name. A number is the shortest decimal that
 * gives the same float64 (as ECMAScript writes it), or `-0`, `nan`, `inf`, `-inf`; a string stands
 * in double quotes; a list in brackets, without spaces. A literal of a narrower type is rounded to
 * it, to the nearest, ties to even.
 *
 * Equal programs have equal texts, and `parseProgram` gives the program back.
 *
 * @throws LacunaError where the program is not valid: see `checkProgram`.
 */
export function printProgram(program: Program): string {
  checkProgram(program);
  return [HEADER, `name ${program.name}`, ...programLines(program), ''].join('\n');
}

/** The lines of a program after its name. */
export function programLines({ inputs, operations, outputs }: Program): string[] {
  return [
    ...inputs.map(({ name, role, source, ...type }) => {
      const line = `input %${name} : ${formatType(type)} ${role}`;
      return source === undefined ? line : `${line} ${source}`;
    }),
    ...operations.map(operationLine),
    ...outputs.map(({ name, value }) => `output ${name} = %${value}`),
    'end',
  ];
}

/** ` {axes=[0,1], keep=false}`, or nothing where there are none. */
export function formatAttributes(attributes: Attributes): string {
  const entries = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${formatValue(value)}`);
  return entries.length === 0 ? '' : ` {${entries.join(', ')}}`;
}

/** The shortest decimal that gives the same float64; `-0`, `nan`, `inf` and `-inf` are spelled. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function operationLine(operation: Operation): string {
  const { op, operands, results } = operation;
  const names = results.map(({ name }) => `%${name}`).join(', ');
  const head = op === 'call' ? `call ${operation.composite}` : op;
  const given = operands.length === 0 ? '' : ` ${operands.map((name) => `%${name}`).join(', ')}`;
  const types = results.map(formatType).join(', ');
  return `${names} = ${head}${given}${formatAttributes({ ...operation.attributes })} : ${types}`;
}

function formatValue(value: AttributeValue): string {
  switch (typeof value) {
    case 'number':
      return formatNumber(value);
    case 'boolean':
      return String(value);
    case 'string':
      return `"${value}"`;
    default:
      return `[${value.map(formatNumber).join(',')}]`;
  }
}
