import { LacunaError } from '../spec/errors.js';
import {
  type Call,
  compositeNamed,
  DTYPES,
  elementCount,
  formatType,
  inferType,
  isLegalName,
  isPrimitiveName,
  isStateRole,
  type Operation,
  type Primitive,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  ROLES,
  sameShape,
  type TensorType,
} from '../spec/program/index.js';
import { checkAttributes, checkLiteral } from './check-attributes.js';
import { MAX_ELEMENTS, MAX_EXTENT, MAX_OPERATIONS, MAX_RANK } from './limits.js';
import { shorten } from './shorten.js';

/**
 * Checks all that makes a program valid: names are legal and given once; operands are declared
 * before they are used; attributes are complete; results have the types that inference and tracing
 * give them; literals are in range; outputs exist, and one that is named as a state input has its
 * type; sizes are within the limits.
 *
 * @throws LacunaError that names the program and the operation.
 */
export function checkProgram(program: Program): void {
  const checker = new ProgramChecker(program.name);
  for (const input of program.inputs) checker.input(input);
  for (const operation of program.operations) checker.operation(operation);
  for (const output of program.outputs) checker.output(output);
}

const SOURCE = /^[A-Za-z][A-Za-z0-9_]*\([\x20-\x7e]{0,1000}\)$/;

/** `checkProgram` piece by piece, in program order, for readers that can tell where a piece stood. */
export class ProgramChecker {
  readonly #name: string;
  readonly #types = new Map<string, TensorType>();
  readonly #state = new Map<string, TensorType>();
  readonly #outputs = new Set<string>();
  #operations = 0;

  constructor(name: string) {
    this.#name = name;
    if (!isLegalName(name)) illegal(shorten(name), 'the name of the program is not legal', name);
  }

  input(input: ProgramInput): void {
    const { name, role, source } = input;
    this.#within(`input ${shorten(name)}`, () => {
      this.#declare(name, input);
      if (!ROLES.includes(role)) {
        throw new LacunaError({
          what: 'there is no such role',
          got: shorten(role),
          expected: ROLES.join(', '),
        });
      }
      if (source !== undefined && (role !== 'constant' || !SOURCE.test(source))) {
        throw new LacunaError({
          what: 'the source is not legal',
          got: `${role} ${shorten(source)}`,
          expected: 'for a constant a call of a spec function, such as sinusoid(1568,768)',
        });
      }
      if (isStateRole(role)) this.#state.set(name, input);
    });
  }

  operation(operation: Operation): void {
    const label = operation.op === 'call' ? `call ${operation.composite}` : operation.op;
    const names = operation.results.map(({ name }) => name);
    this.#within(`${shorten(names.join(', '))} = ${shorten(label)}`, () => {
      this.#operations += 1;
      if (this.#operations > MAX_OPERATIONS) {
        throw new LacunaError({
          what: 'there are too many operations',
          expected: `at most ${MAX_OPERATIONS}`,
        });
      }
      const operands = operation.operands.map((name) => this.#type(name));
      const inferred =
        operation.op === 'call'
          ? callTypes(operation, operands)
          : primitiveType(operation, operands);
      if (inferred.length !== operation.results.length) {
        throw new LacunaError({
          what: 'the number of results is wrong',
          got: String(operation.results.length),
          expected: String(inferred.length),
        });
      }
      operation.results.forEach((result, index) => {
        requireType(result.name, result, inferred[index] as TensorType);
        this.#declare(result.name, result);
      });
    });
  }

  output({ name, value }: ProgramOutput): void {
    this.#within(`output ${shorten(name)}`, () => {
      if (!isLegalName(name)) illegal(undefined, 'the name of the output is not legal', name);
      if (this.#outputs.has(name)) throw new LacunaError({ what: 'two outputs have one name' });
      this.#outputs.add(name);
      const type = this.#type(value);
      const state = this.#state.get(name);
      if (state !== undefined) requireType(value, type, state);
    });
  }

  #type(name: string): TensorType {
    const type = this.#types.get(name);
    if (type !== undefined) return type;
    throw new LacunaError({
      what: 'a value is used that is not declared before',
      got: `%${shorten(name)}`,
    });
  }

  #declare(name: string, type: TensorType): void {
    if (!isLegalName(name)) illegal(undefined, 'the name of the value is not legal', name);
    if (this.#types.has(name)) throw new LacunaError({ what: 'two values have one name' });
    checkType(type);
    this.#types.set(name, type);
  }

  #within(place: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      const inner = error.facts.where === undefined ? '' : `: ${error.facts.where}`;
      const where = `${this.#name}: ${place}${inner}`;
      throw new LacunaError({ ...error.facts, where }, { cause: error });
    }
  }
}

function primitiveType(operation: Primitive, operands: readonly TensorType[]): TensorType[] {
  if (!isPrimitiveName(operation.op)) {
    throw new LacunaError({
      what: 'there is no such operation',
      got: shorten(operation.op),
      fix: 'Use a primitive, or call a composite.',
    });
  }
  checkAttributes(operation.op, { ...operation.attributes });
  if (operation.op === 'constant') {
    checkLiteral(operation.attributes.dtype, operation.attributes.data);
  }
  if (operation.op === 'pad' && operands[0] !== undefined) {
    checkLiteral(operands[0].dtype, [operation.attributes.value]);
  }
  return [inferred(operation, operands)];
}

function inferred<K extends PrimitiveName>(
  { op, attributes }: { readonly op: K; readonly attributes: PrimitiveAttributes[K] },
  operands: readonly TensorType[],
): TensorType {
  return inferType(op, operands, attributes);
}

const PRINTABLE = /^[ !#-[\]-~]*$/;

function callTypes(call: Call, operands: readonly TensorType[]): TensorType[] {
  for (const [name, value] of Object.entries(call.attributes)) {
    if (typeof value !== 'string' || PRINTABLE.test(value)) continue;
    throw new LacunaError({
      where: `attribute ${shorten(name)}`,
      what: 'a string is not legal',
      got: shorten(JSON.stringify(value)),
      expected: 'printable ASCII without " and \\',
    });
  }
  const traced = compositeNamed(call.composite).trace(operands, call.attributes);
  return traced.outputs.map((_, index) => traced.type(index));
}

function checkType(type: TensorType): void {
  const { dtype, shape } = type;
  const legal =
    DTYPES.includes(dtype) &&
    shape.length <= MAX_RANK &&
    shape.every(
      (extent) =>
        Number.isInteger(extent) && extent >= 0 && extent <= MAX_EXTENT && !Object.is(extent, -0),
    ) &&
    elementCount(shape) <= MAX_ELEMENTS;
  if (legal) return;
  throw new LacunaError({
    what: 'the type is not legal',
    got: shorten(formatType(type)),
    expected: `a known element type, at most ${MAX_RANK} axes with extents in [0, 2^31), at most 2^40 elements`,
  });
}

function requireType(name: string, declared: TensorType, expected: TensorType): void {
  if (declared.dtype === expected.dtype && sameShape(declared.shape, expected.shape)) return;
  throw new LacunaError({
    what: `%${shorten(name)} has the wrong type`,
    got: shorten(formatType(declared)),
    expected: formatType(expected),
  });
}

function illegal(where: string | undefined, what: string, name: string): never {
  throw new LacunaError({
    ...(where === undefined ? {} : { where }),
    what,
    got: shorten(name),
    expected:
      'A-Z a-z 0-9 _ . - with no leading dot or dash, at most 512 characters, no name such as constructor',
  });
}
