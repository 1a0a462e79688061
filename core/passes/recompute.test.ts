import { describe, expect, it } from 'vitest';
import { interpret } from '../../reference/index.js';
import {
  gelu,
  matmul,
  mul,
  type Program,
  ProgramBuilder,
  reshape,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { differentiate } from '../autodiff/differentiate.js';
import { checkProgram } from '../check.js';
import { randomInputs } from '../testing/random-inputs.js';
import { recompute } from './recompute.js';

const WEIGHTS = ['first', 'second', 'third', 'fourth'] as const;

/** The gradients of so many weights [4, 4], between two of which is a GELU. */
function gradients(count: number, between: (x: Value) => Value = gelu): Program {
  const builder = new ProgramBuilder('layers', { float: 'f64' });
  let x = builder.input('x', 'f64', [2, 3, 4], 'data');
  const weights = WEIGHTS.slice(0, count);
  weights.forEach((name, i) => {
    const weight = builder.input(name, 'f64', [4, 4], 'parameter');
    // As layers of a model have it: rows of tokens are one axis in the product alone.
    x = reshape(matmul(reshape(i === 0 ? x : between(x), [6, 4]), weight), [2, 3, 4]);
  });
  builder.output('loss', sum(mul(x, x)));
  const { builder: all, gradients: found } = differentiate(builder.finish(), 'loss', weights);
  for (const name of weights) all.output(`d.${name}`, found.get(name) as Value);
  return all.finish();
}

/** Where operations stand: calls by their composite and their first operand, others by what they make. */
function order({ operations }: Program): readonly string[] {
  return operations.map(({ op, results, operands, ...rest }) =>
    'composite' in rest ? `${rest.composite} ${operands[0]}` : `${op} ${results[0]?.name}`,
  );
}

describe('recompute', () => {
  it.each([2, 3, 4])('lets nothing of a GELU lie until its gradient: %i layers', (count) => {
    const program = gradients(count);
    const again = recompute(program, ['gelu']);
    checkProgram(again);
    const made = again.operations.filter((each) => each.op === 'call' && each.composite === 'gelu');
    expect(again.operations).toHaveLength(program.operations.length + 2 * (count - 1));
    expect(made).toHaveLength(2 * (count - 1));
    for (const { operands, results } of made.slice(0, count - 1)) {
      const gradient = order(again).indexOf(`gelu_grad ${operands[0]}`);
      const [forward, late] = [results[0]?.name ?? '', `${results[0]?.name}.again`];
      const readers = (name: string): number[] =>
        again.operations.flatMap((each, i) => (each.operands.includes(name) ? [i] : []));
      expect(Math.max(...readers(forward))).toBeLessThan(gradient);
      expect(Math.min(...readers(late))).toBeGreaterThan(gradient);
      expect([readers(forward).length, readers(late).length]).toEqual([1, 1]);
    }
    const inputs = randomInputs(program, [1, 2, 3, 5, 8, 13, 21]);
    expect(interpret(again, inputs)).toStrictEqual(interpret(program, inputs));
  });

  it('leaves what the gradient itself needs', () => {
    const squared = (x: Value): Value => {
      const y = gelu(x);
      return mul(y, y);
    };
    const program = gradients(2, squared);
    expect(order(program).filter((each) => each.startsWith('gelu'))).toHaveLength(2);
    expect(recompute(program, ['gelu'])).toEqual(program);
  });

  it('leaves other composites, and programs without gradients', () => {
    const program = gradients(3);
    expect(recompute(program, ['softmax'])).toEqual(program);
    const { operations } = program;
    const forward = { ...program, operations: operations.slice(0, 5), outputs: [] };
    expect(recompute(forward, ['gelu'])).toEqual(forward);
  });
});
