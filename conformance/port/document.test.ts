import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../core/text/index.js';
import { FUNCTION_NAMES } from '../../protocol/function-call.js';
import { CLAUSES } from '../../spec/clauses/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import {
  factsOf,
  gather,
  PRIMITIVE_NAMES,
  ProgramBuilder,
  scatterAdd,
  select,
} from '../../spec/program/index.js';
import { FUNCTION_FAMILIES } from '../functions/index.js';
import { FUNCTION_SIGNATURES, isResultOf, signatureOf } from '../functions/signatures.js';
import { operandNames } from './describe-operations.js';
import { protocolPage, protocolSchema } from './document.js';

const root = join(import.meta.dirname, '..', '..');

describe('the documents of the protocol', () => {
  it('say what the code says: npx tsx scripts/protocol.ts', () => {
    const page = readFileSync(join(root, 'docs', 'protocol.md'), 'utf8');
    expect(page).toBe(protocolPage(page));
    const schema = readFileSync(join(root, 'ports', 'protocol.schema.json'), 'utf8');
    expect(JSON.parse(schema)).toEqual(JSON.parse(JSON.stringify(protocolSchema())));
  });
});

describe('the operands of every primitive', () => {
  it('have as many names as there are, which its formula uses', () => {
    for (const name of PRIMITIVE_NAMES) {
      const { operands, formula = '' } = factsOf(name);
      const names = operandNames(name);
      if (operands !== 'some') expect(names.length, name).toBe(operands);
      for (const each of name === 'matmul' ? [] : names) {
        if (formula !== '') expect(formula, name).toMatch(new RegExp(`\\b${each}\\b`));
      }
    }
  });

  it('stand in the order in which a text has them', () => {
    const builder = new ProgramBuilder('order');
    const table = builder.input('table', 'f32', [5, 2], 'data');
    const indices = builder.input('indices', 'i32', [3], 'data');
    const rows = builder.input('rows', 'f32', [3, 2], 'data');
    const c = builder.input('c', 'bool', [5, 2], 'data');
    builder.output('gathered', gather(table, indices, 0));
    builder.output('added', scatterAdd(indices, rows, 0, 5));
    builder.output('chosen', select(c, table, table));
    const text = printProgram(builder.finish());
    expect(text).toContain('gather %table, %indices {');
    expect(operandNames('gather')).toEqual(['x', 'indices']);
    expect(text).toContain('scatter_add %indices, %rows {');
    expect(operandNames('scatter_add')).toEqual(['indices', 'u']);
    expect(text).toContain('select %c, %table, %table');
    expect(operandNames('select')).toEqual(['c', 'a', 'b']);
  });
});

describe('the signature of every function', () => {
  it('is there, in order, and cites the clauses that its families judge', () => {
    expect(FUNCTION_SIGNATURES.map((each) => each.function)).toEqual([...FUNCTION_NAMES]);
    const known = new Set(CLAUSES.map(({ id }) => id));
    for (const { function: name, clauses } of FUNCTION_SIGNATURES) {
      const own = FUNCTION_FAMILIES.filter(({ id }) => `${id}/`.startsWith(`function/${name}/`));
      const judged = new Set(own.flatMap((each) => each.clauses));
      expect([...judged].sort(), name).toEqual([...clauses].sort());
      expect(clauses.every((id) => known.has(id))).toBe(true);
    }
  });

  it('names the attributes, inputs and outputs that its cases have', () => {
    for (const { id, parameters, make } of FUNCTION_FAMILIES) {
      const [drawn] = fc.sample(parameters, { seed: 1, numRuns: 1 });
      if (drawn === undefined) throw new Error(`${id} draws nothing`);
      const { call, runs, expected } = make(drawn);
      if (call === undefined) throw new Error(`${id} makes no call`);
      const { attributes, inputs } = signatureOf(call.function);
      expect(Object.keys(call.attributes).sort(), id).toEqual(Object.keys(attributes).sort());
      const forms = inputs.map(({ name }) => form(name));
      for (const run of runs) {
        for (const name of Object.keys(run)) {
          expect(
            forms.some((each) => each.test(name)),
            `${id}: ${name}`,
          ).toBe(true);
        }
        for (const name of Object.keys(expected(run, CONTRACTS['f32-ieee']))) {
          expect(isResultOf(call.function, name), `${id}: ${name}`).toBe(true);
        }
      }
    }
  });
});

/** Names of this form: `*` is anything, `.i.` the number of a block. */
function form(name: string): RegExp {
  const escaped = name
    .replaceAll('.', '\\.')
    .replaceAll('*', '.*')
    .replace('\\.i\\.', '\\.\\d+\\.');
  return new RegExp(`^${escaped}$`);
}
