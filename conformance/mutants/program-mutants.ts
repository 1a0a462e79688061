import fc from 'fast-check';
import {
  type Composite,
  compositeNamed,
  type Program,
  type TensorType,
} from '../../spec/program/index.js';
import type { Family } from '../case.js';
import { type Mutant, meaningMutant, programMutant } from './mutant.js';
import { mistaken, OPERATORS, withoutOperation } from './operators.js';

/** Every operator on every operation of the body of a composite, as a family calls it. */
export function compositeMutants(families: readonly Family[]): readonly Mutant[] {
  return families
    .filter(({ id }) => /^composite\/.*\/call$/.test(id))
    .flatMap((family) => {
      const [, name = ''] = family.id.split('/');
      const composite = compositeNamed(name);
      return changes(bodyOf(family, composite)).map(({ what, change }) =>
        meaningMutant(
          `composite/${name}: ${what}`,
          () => ({
            composite: (asked) =>
              asked === name ? withBody(composite, change) : compositeNamed(asked),
          }),
          [family.id, 'step/joint', 'step/mae'],
        ),
      );
    });
}

/** Every operator on every operation of the programs of a family. */
export function familyMutants(families: readonly Family[]): readonly Mutant[] {
  return families.flatMap((family) => {
    const program = programOf(family);
    return changes(program).map(({ what, change }) =>
      programMutant(
        `${family.id}: ${what}`,
        (asked) => (asked.name === program.name ? (change(asked) ?? asked) : asked),
        [family.id, ...(/^objective\/targets/.test(family.id) ? ['function/target.cube'] : [])],
      ),
    );
  });
}

/** A mistake in a program. */
export interface Change {
  readonly what: string;
  /** Undefined where the program has no such operation. */
  readonly change: (program: Program) => Program | undefined;
}

/** All that can be mistaken in a program. */
export function changes(program: Program): readonly Change[] {
  return program.operations.flatMap((operation, index) => {
    const label = operation.op === 'call' ? `call ${operation.composite}` : operation.op;
    const place = `operation ${index} (${label})`;
    const list = OPERATORS.filter(
      (operator) => mistaken(program, index, operator) !== undefined,
    ).map(
      (operator): Change => ({
        what: `${place}: ${operator.name}`,
        change: (asked) => mistaken(asked, index, operator),
      }),
    );
    if (withoutOperation(program, index) === undefined) return list;
    const what = `${place}: left out`;
    return [...list, { what, change: (asked) => withoutOperation(asked, index) }];
  });
}

/** A program of the family with matrices that are square and batches, so that most operators apply. */
export function programOf(family: Family): Program {
  const drawn = fc.sample(family.parameters, { seed: 7, numRuns: 25 });
  const programs = drawn.flatMap((parameters) => family.make(parameters).program ?? []);
  return programs.reduce((best, each) => (openings(each) > openings(best) ? each : best));
}

/** How many mistakes the operators can make in a program. */
function openings(program: Program): number {
  return program.operations.reduce(
    (sum, _, index) =>
      sum + OPERATORS.filter((operator) => mistaken(program, index, operator) !== undefined).length,
    0,
  );
}

function bodyOf(family: Family, composite: Composite): Program {
  const call = programOf(family).operations.find((operation) => operation.op === 'call');
  if (call?.op !== 'call') throw new Error(`${family.id} has no call`);
  const types = new Map<string, TensorType>(
    programOf(family).inputs.map((each) => [each.name, each]),
  );
  const operands = call.operands.flatMap((name) => types.get(name) ?? []);
  return composite.trace(operands, call.attributes).program;
}

/** The composite with its body changed after it was traced. */
function withBody(composite: Composite, change: Change['change']): Composite {
  const trace: Composite['trace'] = (operands, attributes) => {
    const traced = composite.trace(operands, attributes);
    return { ...traced, program: change(traced.program) ?? traced.program };
  };
  return Object.create(composite, { trace: { value: trace } }) as Composite;
}
