import type { OracleRecord } from './oracle-record.js';
import { ORACLE_RATE, type OracleRun } from './run-oracle.js';
import { Tally } from './tally.js';

/** What the samples lost when they were stored as float32. */
const STORED = 2 ** -24;
/** Two programs in float64, beside the scale of what they compute. */
const DOUBLE = 1e-9;
/** Beside a step: AdamW divides a gradient by its own size, and so magnifies what both are off by. */
const STEP = 1e-6;

/**
 * Judges a run in float64: that the program is PyTorch's. Losses and norms within 1e-9 of themselves;
 * gradients within 1e-9 of the largest of their tensor (or of what a gradient is throughout the model:
 * biases of keys have none at all, and both sides have rounding errors for it); changes within 1e-6 of
 * a step.
 */
export function judgeFloat64(run: OracleRun, record: OracleRecord): Tally {
  const tally = new Tally();
  const [first] = run.steps;
  const last = run.steps.at(-1);
  const what = 'farther from PyTorch in float64 than two orders of its sums';
  const add = (output: string, i: number, got: number | undefined, want: number, radius: number) =>
    tally.add(output, i, { got: got ?? Number.NaN, want, radius }, what);
  for (const [name, steps] of record.metrics) {
    for (const [step, { value }] of steps.entries()) {
      const got = run.steps[step]?.metrics[name];
      add(`${name}@${step + 1}`, 0, got, value, DOUBLE * Math.abs(value));
    }
  }
  const total = record.metrics.get('grad_norm')?.[0]?.value ?? 0;
  const count = run.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1),
    0,
  );
  const usual = total / Math.sqrt(count);
  for (const [name, value] of record.norms) {
    const radius = DOUBLE * Math.max(Math.abs(value), usual);
    add(`norm of grad.${name}`, 0, first?.norms.get(name), value, radius);
  }
  for (const [name, elements] of record.gradients) {
    const scale = elements.reduce((most, { value }) => Math.max(most, Math.abs(value)), usual);
    for (const [i, { value }] of elements.entries()) {
      const got = first?.gradients.get(name)?.[i];
      add(`grad.${name}`, i, got, value, STORED * Math.abs(value) + DOUBLE * scale);
    }
  }
  for (const [name, { values }] of record.statistics) {
    const start = name.endsWith('variance') ? 1 : 0;
    for (const [i, value] of values.entries()) {
      const got = (run.statistics.get(name)?.[i] ?? Number.NaN) - start;
      add(name, i, got, value, STORED * Math.abs(value) + STEP);
    }
  }
  for (const [name, { values }] of record.changes) {
    const [before, after] = [run.start.get(name)?.p, last?.after.get(name)?.p];
    for (const [i, value] of values.entries()) {
      const got = (after?.[i] ?? Number.NaN) - (before?.[i] ?? Number.NaN);
      add(`change of ${name}`, i, got, value, STORED * Math.abs(value) + STEP * ORACLE_RATE);
    }
  }
  return tally;
}
