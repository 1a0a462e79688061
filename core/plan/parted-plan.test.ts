import { describe, expect, it } from 'vitest';
import {
  stepInputs,
  TINY_CONTRASTIVE,
  TINY_JOINT,
  TINY_MAE,
  TINY_TEACHER,
} from '../../conformance/steps/tiny-step.js';
import { REFERENCE } from '../../reference/index.js';
import type { ContrastiveObjective, ModelConfig, Program } from '../../spec/index.js';
import type { HostTensor, Named } from '../backend.js';
import { metricNames, type Plan } from './plan.js';
import { PlanRunner } from './plan-runner.js';
import { type TrainingPlanOptions, trainingPlan } from './training-plan.js';

const SHAPE = { batch: 4, visible: 3 };

function withAlignment(config: ModelConfig, changes: Partial<ContrastiveObjective>): ModelConfig {
  const contrastive = config.contrastive as ContrastiveObjective;
  return { ...config, contrastive: { ...contrastive, ...changes } };
}

/** The inputs of a step of the whole batch, whatever it is cut into. */
function wholeInputs(config: ModelConfig, options: TrainingPlanOptions): Named<HostTensor> {
  const { programs, state } = trainingPlan(config, SHAPE, options);
  return stepInputs(programs.step as Program, state, { ...SHAPE, draw: 5 });
}

/** Two steps in float64: the metrics of both and the state after them. */
async function run(
  plan: Plan,
  inputs: Named<HostTensor>,
): Promise<{ readonly metrics: Named<number>[]; readonly state: Named<readonly number[]> }> {
  const backend = await REFERENCE.open();
  const given = ({ name }: { readonly name: string }): HostTensor =>
    inputs[name] ?? { dtype: 'f32', shape: [], data: Float32Array.of(2 ** 10) };
  const runner = await PlanRunner.open(backend, plan, given, given);
  const metrics = [await runner.step(inputs), await runner.step(inputs)];
  const state: Record<string, readonly number[]> = {};
  for (const { name } of plan.state) state[name] = Array.from((await runner.download(name)).data);
  await runner.dispose();
  expect(backend.liveTensors).toBe(0);
  return { metrics, state };
}

/** The largest difference, as a share of the largest number. */
function apart(a: readonly number[], b: readonly number[]): number {
  expect(b).toHaveLength(a.length);
  const scale = Math.max(...a.map(Math.abs), 1e-300);
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN)))) / scale;
}

const CONFIGS: readonly (readonly [string, ModelConfig])[] = [
  ['reconstruction', TINY_MAE],
  ['both objectives, batch norm, a learned temperature', TINY_JOINT],
  ['alignment alone', TINY_CONTRASTIVE],
  ['a frozen teacher', TINY_TEACHER],
  ['a weight', withAlignment(TINY_JOINT, { weight: 0.25 })],
  ['equal captions as positives', withAlignment(TINY_JOINT, { equalCaptions: 'positives' })],
  ['alignment that is only watched', withAlignment(TINY_JOINT, { weight: 0 })],
];

describe.each(CONFIGS)('a step in parts of the batch: %s', (_, config) => {
  it.each<[number, TrainingPlanOptions]>([
    [2, { gradientNorm: true }],
    [4, { gradientNorm: true, lossScaling: { kind: 'dynamic' } }],
  ])('is the step of one call, in %i parts with %j', async (microbatches, options) => {
    const inputs = wholeInputs(config, options);
    const one = await run(trainingPlan(config, SHAPE, options), inputs);
    const plan = trainingPlan(config, SHAPE, { ...options, microbatches });
    const parts = await run(plan, inputs);
    for (const step of [0, 1]) {
      const [want = {}, got = {}] = [one.metrics[step], parts.metrics[step]];
      expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
      for (const [name, value] of Object.entries(want))
        expect([name, apart([value], [got[name] ?? Number.NaN]) < 1e-11]).toEqual([name, true]);
    }
    expect(Object.keys(parts.state)).toEqual(Object.keys(one.state));
    for (const [name, values] of Object.entries(one.state))
      expect([name, apart(values, parts.state[name] ?? []) < 1e-9]).toEqual([name, true]);
  });

  it('makes again what it can where the step of one call does', () => {
    for (const microbatches of [1, 2]) {
      const options = { microbatches, recompute: true };
      expect(trainingPlan(config, SHAPE, options).recompute).toBe(true);
      expect(trainingPlan(config, SHAPE, { microbatches }).recompute).toBe(false);
    }
  });

  it('asks for nothing that the step of one call does not read', () => {
    const plan = trainingPlan(config, SHAPE, { microbatches: 2 });
    const { programs } = trainingPlan(config, SHAPE);
    const known = new Set(programs.step?.inputs.map(({ name }) => name));
    const own = new Set(plan.scratch.map(({ name }) => name));
    for (const { program, rows } of plan.calls) {
      const asked = plan.programs[program]?.inputs.map(({ name }) => name) ?? [];
      expect(asked.filter((name) => !known.has(name) && !own.has(name) && name !== rows)).toEqual(
        [],
      );
      expect(metricNames(plan, plan.programs[program] as Program).join()).not.toMatch(/features/);
    }
  });
});

describe('what is only watched', () => {
  it('reaches no parameter, though it be NaN', async () => {
    const config = withAlignment(TINY_TEACHER, { weight: 0 });
    const inputs = wholeInputs(config, {});
    const embedding = inputs['text.embedding'] as HostTensor;
    const broken = { ...embedding, data: embedding.data.map(() => Number.NaN) };
    const plan = trainingPlan(config, SHAPE, { microbatches: 2 });
    const { metrics, state } = await run(plan, { ...inputs, 'text.embedding': broken });
    expect(metrics[0]?.['loss.contrastive']).toBeNaN();
    expect(metrics[0]?.loss).toBe(metrics[0]?.['loss.mae']);
    expect(Object.values(state).flat().every(Number.isFinite)).toBe(true);
  });
});

describe('the batch', () => {
  it.each([3, 1.5, 0])('cannot be cut into %d parts', (microbatches) => {
    expect(() => trainingPlan(TINY_JOINT, SHAPE, { microbatches })).toThrow(/equal microbatches/);
  });
});
