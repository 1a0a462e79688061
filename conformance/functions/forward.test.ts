import { describe, expect, it } from 'vitest';
import { float32 } from '../../reference/index.js';
import {
  add,
  Composite,
  GELU,
  mul,
  type Program,
  tanh,
  type Value,
} from '../../spec/program/index.js';
import { familyCheck } from '../family-check.js';
import { float32Backend } from '../fleet/legal.js';
import { meaningsWith } from '../fleet/meanings.js';
import { backendSubject, type Subject } from '../subject.js';
import { FORWARD_FAMILIES } from './forward.js';

const [CHECK] = FORWARD_FAMILIES.map(familyCheck);
const ARITHMETIC = float32({ summation: 'pairwise' });

/** A right backend in f32 that compiles another program than it is asked for. */
function rewriting(rewrite: (program: Program) => Program): Subject {
  const backend = float32Backend('rewriting', ARITHMETIC);
  const compile = backend.compile.bind(backend);
  backend.compile = async (program, options) => ({
    ...(await compile(rewrite(program), options)),
    program,
  });
  return backendSubject(backend);
}

/** Every norm with an eps of `wrong` in place of `right`. */
function withEps(right: number, wrong: number): Subject {
  return rewriting((program) => ({
    ...program,
    operations: program.operations.map((operation) =>
      operation.op === 'call' && operation.attributes.eps === right
        ? { ...operation, attributes: { eps: wrong } }
        : operation,
    ),
  }));
}

/** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
function geluByTanh(): Subject {
  const { name, operands, attributes, results } = GELU;
  const meanings = meaningsWith(
    new Composite({
      name,
      operands,
      attributes,
      results,
      body: ([operand]) => {
        const x = operand as Value;
        const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
        return [mul(mul(add(tanh(inner), 1), x), 0.5)];
      },
    }),
  );
  return backendSubject(float32Backend('tanh', ARITHMETIC, meanings));
}

/** The encoded tokens as they are before the last norm. */
function withoutFinalNorm(): Subject {
  return rewriting((program) => {
    const [output] = program.outputs;
    const norm = program.operations.find(({ results }) =>
      results.some(({ name }) => name === output?.value),
    );
    const value = norm?.operands[0] ?? '';
    return { ...program, outputs: program.outputs.map(({ name }) => ({ name, value })) };
  });
}

describe('model.forward tells in f32', () => {
  it.each([
    ['GELU by tanh', geluByTanh],
    ['eps 1e-5 for 1e-6', () => withEps(1e-6, 1e-5)],
    ['eps 1e-12 for 1e-6', () => withEps(1e-6, 1e-12)],
    ['eps 1e-6 for 1e-5', () => withEps(1e-5, 1e-6)],
    ['eps 1e-6 for 1e-12', () => withEps(1e-12, 1e-6)],
    ['no norm at the end', withoutFinalNorm],
  ])('%s', async (_, open) => {
    const found = await CHECK?.run(open(), { cases: 30 });
    expect(found?.verdict).toBe('fail');
    expect(found?.failure?.what).toBe('out of bounds');
  });

  it('a right backend from these, which passes with hardly an element left unjudged', async () => {
    const found = await CHECK?.run(
      rewriting((program) => program),
      { cases: 30 },
    );
    expect(found?.verdict).toBe('pass');
    expect(found?.undecided).toBe(0);
  });
});
