import type { HostTensor, Named } from '../../core/backend.js';
import { bounds } from '../../reference/index.js';
import type { ContractErrors } from '../../spec/contracts/index.js';
import { elementCount, type StateSpec } from '../../spec/index.js';
import { type Judgement, judge } from '../judge.js';
import { FALSE_ALARM } from '../steps/legal-spread.js';
import { studentQuantile } from '../steps/t-quantile.js';
import type { OracleModel } from './oracle-model.js';
import type { Changes, Judged, OracleRecord } from './oracle-record.js';
import { updateOf } from './oracle-step.js';
import { ORACLE_RATE, ORACLE_STEPS, type OracleRun, scheduleOf } from './run-oracle.js';
import { Tally } from './tally.js';

/** Half a unit in the last place of a float32 number between 1 and 2. */
const ROUNDING = 2 ** -24;

/** A metric is judged where it may be off by this share of itself, or by less. */
const WIDEST = 1e-3;

/**
 * Judges a float32 run. Losses, norms, gradients and statistics: against PyTorch in float64, within as
 * many deviations of its legal float32 runs as a correct backend passes with probability 1 - 1e-6.
 * Updates, step by step: by derived bounds, from the backend's own gradients, since AdamW's first steps
 * make a step of full size of a gradient that is rounding error. The change after all steps: against
 * PyTorch again, by the median over the samples of a tensor, for the same reason; where legal runs
 * are off by whole steps (a gradient of 0 throughout), it is undecided.
 */
export function judgeFloat32(
  model: OracleModel,
  run: OracleRun,
  record: OracleRecord,
  contract: ContractErrors,
): Tally {
  const tally = new Tally();
  judgeAgainst(tally, run, record);
  judgeUpdates(tally, model, run, contract);
  return tally;
}

function judgeAgainst(tally: Tally, run: OracleRun, record: OracleRecord): void {
  const [first] = run.steps;
  const last = run.steps.at(-1);
  const samples = [...record.gradients.values()].reduce((sum, { length }) => sum + length, 0);
  const [runs = 0] = record.runs;
  const many = studentQuantile(record.degrees, FALSE_ALARM / (4 * samples));
  const few = FALSE_ALARM / (2 * ORACLE_STEPS * record.metrics.size);
  const compare = (
    output: string,
    index: number,
    got: number | undefined,
    { value, deviation }: Judged,
    limit: number,
  ): void => {
    const radius = limit * deviation;
    const what = `farther off than ${limit.toFixed(1)} deviations of ${runs} legal runs of PyTorch`;
    tally.add(output, index, { got: got ?? Number.NaN, want: value, radius }, what);
  };
  const errors = new Map(run.parameters.map((spec) => [spec.name, wholeError(spec, record)]));
  for (const [name, steps] of record.metrics) {
    for (const [step, judged] of steps.entries()) {
      const got = run.steps[step]?.metrics[name];
      const limit = studentQuantile(record.runs[step] ?? 0, few);
      // Too few runs made the step to say how far it may be off.
      if (limit * judged.deviation > WIDEST * Math.abs(judged.value)) tally.skip();
      else compare(`${name}@${step + 1}`, 0, got, sayable(judged), limit);
    }
  }
  // The norm of a sum is no farther from the norm of a part than the norm of the rest.
  for (const [name, value] of record.norms) {
    const deviation = errors.get(name) ?? 0;
    compare(`norm of grad.${name}`, 0, first?.norms.get(name), { value, deviation }, many);
  }
  const total = record.metrics.get('grad_norm')?.[0]?.value ?? 0;
  const all = Math.hypot(...errors.values()) + ROUNDING * total;
  compare('grad_norm', 0, first?.metrics.grad_norm, { value: total, deviation: all }, many);
  for (const [name, elements] of record.gradients) {
    const got = first?.gradients.get(name);
    for (const [i, judged] of elements.entries())
      compare(`grad.${name}`, i, got?.[i], judged, many);
  }
  const move = (
    name: string,
    { values, deviation }: Changes,
    before: (i: number) => number | undefined,
    after: ArrayLike<number> | undefined,
  ): void => {
    const starts = values.map((_, i) => before(i) ?? Number.NaN);
    const off = starts.map((start, i) => (after?.[i] ?? Number.NaN) - start - (values[i] ?? 0));
    // What changes is rounded once a step.
    const own = deviation + ROUNDING * median(starts.map((start, i) => start + (values[i] ?? 0)));
    if (many * own > median(values) + ORACLE_RATE) tally.skip();
    else compare(`change of ${name}`, 0, median(off), { value: 0, deviation: own }, many);
  };
  for (const [name, changes] of record.statistics) {
    move(name, changes, () => (name.endsWith('variance') ? 1 : 0), run.statistics.get(name));
  }
  for (const [name, changes] of record.changes) {
    const before = run.start.get(name)?.p;
    move(name, changes, (i) => before?.[i], last?.after.get(name)?.p);
  }
}

/** The median of the sizes of numbers; NaN where one of them is. */
function median(values: readonly number[]): number {
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  return sizes.some(Number.isNaN) ? Number.NaN : (sizes[Math.floor(sizes.length / 2)] ?? 0);
}

/** The norm of what a legal run's gradient is off by: that of its samples, times the root of its size. */
function wholeError({ name, shape }: StateSpec, record: OracleRecord): number {
  return Math.sqrt(elementCount(shape)) * (record.deviations.get(name) ?? 0);
}

/** No finer than float32 can say it. */
function sayable({ value, deviation }: Judged): Judged {
  return { value, deviation: Math.max(deviation, ROUNDING * Math.abs(value)) };
}

function judgeUpdates(
  tally: Tally,
  model: OracleModel,
  run: OracleRun,
  contract: ContractErrors,
): void {
  for (const decay of [true, false]) {
    const names = run.parameters.filter((spec) => spec.decay === decay).map(({ name }) => name);
    for (const [step, { gradients, after }] of run.steps.entries()) {
      const before = step === 0 ? run.start : (run.steps[step - 1]?.after ?? run.start);
      const joined = (pick: (name: string) => Float64Array | undefined): HostTensor =>
        concatenated(names.map((name) => pick(name) ?? new Float64Array()));
      const grad = joined((name) => gradients.get(name));
      const inputs: Record<string, HostTensor> = { 'grad.p': grad };
      const outputs: Record<string, HostTensor> = {};
      for (const [part, own] of Object.entries({
        p: 'p',
        m: 'adamw.m.p',
        v: 'adamw.v.p',
      } as const)) {
        inputs[own] = joined((name) => before.get(name)?.[part as 'p' | 'm' | 'v']);
        outputs[own] = joined((name) => after.get(name)?.[part as 'p' | 'm' | 'v']);
      }
      for (const [name, value] of Object.entries(scheduleOf(model, step + 1))) {
        inputs[name] = { dtype: 'f32', shape: [], data: Float32Array.of(value) };
      }
      judgeUpdate(tally, model, decay, step + 1, inputs, outputs, contract);
    }
  }
}

function judgeUpdate(
  tally: Tally,
  model: OracleModel,
  decay: boolean,
  step: number,
  inputs: Named<HostTensor>,
  outputs: Named<HostTensor>,
  contract: ContractErrors,
): void {
  const program = updateOf(model, inputs['grad.p']?.data.length ?? 0, decay);
  for (const [name, allowed] of Object.entries(bounds(program, inputs, contract))) {
    const found: Judgement = judge(name, outputs[name], allowed);
    const { elements, undecided, worst, mismatch } = found;
    const what = mismatch ?? `update ${step}, out of bounds from the backend's own gradients`;
    const failure = { address: '', what, ...(worst === undefined ? {} : { deviation: worst }) };
    const ratio = mismatch === undefined ? (worst?.ratio ?? 0) : Number.POSITIVE_INFINITY;
    tally.addJudged({ elements, undecided, worst: { ratio, failure } });
  }
}

function concatenated(parts: readonly Float64Array[]): HostTensor {
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { dtype: 'f32', shape: [data.length], data };
}
