import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../core/backend.js';
import { CONTRACTS } from '../../../spec/contracts/index.js';
import { checksFor } from '../../checks.js';
import { FUNCTION_FAMILIES } from '../../functions/index.js';
import { judge } from '../../judge.js';
import { formatReport } from '../../report/report.js';
import { runChecks } from '../../run-checks.js';
import { literalPort } from './port.js';

describe('a port written by the letter of docs/protocol.md passes every function', () => {
  it.each(['each', 'once'] as const)('%s operation rounded', async (rounding) => {
    const port = literalPort(rounding);
    const checks = checksFor(port).filter(({ id }) => !/^(function\/step|real\/)/.test(id));
    const report = await runChecks(port, { checks, cases: 5 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.counts.pass).toBe(checks.length);
  });

  it.each(['each', 'once'] as const)('%s operation of a step rounded', async (rounding) => {
    const port = literalPort(rounding);
    const checks = checksFor(port).filter(({ id }) => id.startsWith('function/step'));
    const report = await runChecks(port, { checks, cases: 1 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.counts.pass).toBe(6);
  });
});

/** The cases of a family, and the tensors and bounds of the first run of each. */
function firstRuns(id: string) {
  const family = FUNCTION_FAMILIES.find((each) => each.id === id);
  if (family === undefined) throw new Error(`there is no ${id}`);
  return fc.sample(family.parameters, { seed: 3, numRuns: 40 }).map((parameters) => {
    const drawn = family.make(parameters);
    const [inputs = {}] = drawn.runs;
    const allowed = drawn.expected(inputs, CONTRACTS['f32-ieee']);
    return { inputs, allowed, attributes: drawn.call?.attributes ?? {} };
  });
}

describe('results that were refused once', () => {
  it('2 (p - t) / n, computed exactly and rounded once', () => {
    for (const { inputs, allowed } of firstRuns('function/loss.mae/gradient')) {
      const { prediction, target } = inputs as Record<string, HostTensor>;
      const [p = new Float32Array(), t = p] = [prediction?.data, target?.data];
      const data = Float32Array.from(p, (x, i) => (2 * (x - (t[i] as number))) / p.length);
      const got: HostTensor = { dtype: 'f32', shape: prediction?.shape ?? [], data };
      const { worst } = judge('grad', got, allowed['grad.prediction'] as never);
      expect(worst?.ratio ?? 0).toBeLessThanOrEqual(1);
    }
  });

  it('((1 - b2) g) g, each operation rounded', () => {
    const { fround } = Math;
    for (const { inputs, allowed, attributes } of firstRuns('function/optim.adamw')) {
      const { v, g } = inputs as Record<string, HostTensor>;
      const b2 = Number(attributes.beta2);
      const data = Float32Array.from(v?.data ?? [], (x, i) => {
        const one = g?.data[i] as number;
        return fround(fround(fround(b2) * x) + fround(fround(fround(1 - b2) * one) * one));
      });
      const got: HostTensor = { dtype: 'f32', shape: v?.shape ?? [], data };
      const { worst } = judge('v', got, allowed.v as never);
      expect(worst?.ratio ?? 0).toBeLessThanOrEqual(1);
    }
  });
});
