import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../protocol/function-call.js';
import { CLAUSES } from '../../spec/clauses/index.js';
import { CONTRACTS } from '../../spec/contracts/index.js';
import { FUNCTION_FAMILIES } from '../functions/index.js';
import { FUNCTION_SIGNATURES, isResultOf, signatureOf } from '../functions/signatures.js';
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
