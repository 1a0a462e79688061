import fc from 'fast-check';
import { randomInputs } from '../../core/testing/random-inputs.js';
import { randomProgram } from '../../core/testing/random-program.js';
import { type Family, family, programCase } from '../case.js';

const choices = fc.array(fc.nat(), { maxLength: 300, size: 'max' });

/**
 * Well-typed programs of up to 40 operations: rules of a backend that look at an operation's
 * neighbours meet every neighbour here. Programs and data are functions of lists of numbers.
 */
const random = family(
  'program/random',
  fc.record({ program: choices, data: choices }),
  ({ program: list, data }) => {
    const program = randomProgram(list, { tame: true });
    return programCase(program, [randomInputs(program, data, { tame: true })]);
  },
  {
    clauses: ['op.programs'],
    exemption: {
      judged: 0.5,
      reason: 'operations drawn at random cancel, and their bounds grow with each',
    },
  },
);

export const RANDOM_FAMILIES: readonly Family[] = [random];
