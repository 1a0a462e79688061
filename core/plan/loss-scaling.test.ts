import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { WEBGPU } from '../../backends/webgpu/index.js';
import { stepInputs, TINY_JOINT, TINY_MAE } from '../../conformance/steps/tiny-step.js';
import { float32, InterpreterBackend } from '../../reference/index.js';
import {
  activeLossScaling,
  BINARY16,
  type LossScaling,
  type Model,
  ModelBuilder,
  type ModelConfig,
  matmul,
  mul,
  SCALER,
  sum,
} from '../../spec/index.js';
import type { Backend, HostTensor, Named } from '../backend.js';
import { capable } from '../testing/capability.js';
import type { Plan } from './plan.js';
import { PlanRunner } from './plan-runner.js';
import { oneCallPlan, type TrainingPlanOptions, trainingPlan } from './training-plan.js';

const dynamic = (options: object = {}): LossScaling => ({ kind: 'dynamic', ...options });
const fixed = (scale: number): LossScaling => ({ kind: 'fixed', scale });

const plain = (roundFactor = (x: number): number => x): Backend =>
  new InterpreterBackend(float32({ summation: 'sequential', roundFactor }), {
    name: 'float32',
    contract: 'f32-ieee',
    claims: [],
  });

let onnx: Backend;
beforeAll(async () => {
  onnx = await ONNX.open({ threads: 1 });
});
afterAll(() => onnx.dispose());

/** What steps leave: the metrics of each, and the state after it. */
interface Outcome {
  readonly metrics: readonly Named<number>[];
  readonly states: readonly Named<HostTensor>[];
}

/** Runs a step for each of `feeds`; state that they do not have starts as it is specified. */
async function runSteps(
  backend: Backend,
  plan: Plan,
  feeds: readonly Named<HostTensor>[],
): Promise<Outcome> {
  const [first = {}] = feeds;
  const runner = await PlanRunner.open(
    backend,
    plan,
    ({ name, init }) =>
      name.startsWith('scaler.')
        ? scalar(init.kind === 'constant' ? init.value : Number.NaN)
        : tensorOf(first, name),
    ({ name }) => tensorOf(first, name),
  );
  const metrics: Named<number>[] = [];
  const states: Named<HostTensor>[] = [];
  try {
    for (const fed of feeds) {
      metrics.push(await runner.step(fed));
      const state: Record<string, HostTensor> = {};
      for (const { name } of plan.state) state[name] = await runner.download(name);
      states.push(state);
    }
  } finally {
    await runner.dispose();
  }
  return { metrics, states };
}

function scalar(value: number): HostTensor {
  return { dtype: 'f32', shape: [], data: Float32Array.of(value) };
}

function tensorOf(tensors: Named<HostTensor> | undefined, name: string): HostTensor {
  const tensor = tensors?.[name];
  if (tensor === undefined) throw new Error(`no ${name}`);
  return tensor;
}

/** Scale, good steps and skipped steps. */
function scaler(state: Named<HostTensor> | undefined): readonly (number | undefined)[] {
  return Object.values(SCALER).map((name) => tensorOf(state, name).data[0]);
}

/** The state but for the scaler's own. */
function model(state: Named<HostTensor> | undefined): Named<HostTensor> {
  return Object.fromEntries(
    Object.entries(state ?? {}).filter(([name]) => !name.startsWith('scaler.')),
  );
}

const SHAPE = { batch: 4, visible: 3 };

/** Steps of a tiny model, all from one draw. */
function tinySteps(
  backend: Backend,
  config: ModelConfig,
  { steps = 1, ...options }: TrainingPlanOptions & { readonly steps?: number },
): Promise<Outcome> {
  // The inputs of the whole batch, whatever parts it is run in.
  const { programs, state } = trainingPlan(config, SHAPE);
  if (programs.step === undefined) throw new Error('no step');
  const drawn = stepInputs(programs.step, state, { ...SHAPE, draw: 3 });
  const plan = trainingPlan(config, SHAPE, { gradientNorm: true, ...options });
  return runSteps(
    backend,
    plan,
    Array.from({ length: steps }, () => drawn),
  );
}

/** loss = sum(w x), whose gradient is x. */
function linearModel(): Model {
  const builder = new ModelBuilder('linear');
  const w = builder.parameter('w', [3], { kind: 'constant', value: 1 });
  const x = builder.program.input('x', 'f32', [3], 'data');
  builder.program.output('loss', sum(mul(w, x)));
  return builder.finish();
}

/** What a step of the linear model is fed; `w` and its moments are what it starts from. */
function linearFeeds(x: readonly number[]): Named<HostTensor> {
  const vector = (data: readonly number[]): HostTensor => ({
    dtype: 'f32',
    shape: [3],
    data: Float32Array.from(data),
  });
  return {
    x: vector(x),
    w: vector([1, -2, 3]),
    'adamw.m.w': vector([0.5, 0.25, -0.125]),
    'adamw.v.w': vector([0.5, 0.25, 0.125]),
    'schedule.lr': scalar(0.01),
    'schedule.correction1': scalar(0.5),
    'schedule.correction2': scalar(0.5),
  };
}

/** loss = 2^-30 w x, a product of matrices: f16 has no number as small as its cotangent. */
function faintModel(): Model {
  const builder = new ModelBuilder('faint');
  const w = builder.parameter('w', [1, 3], { kind: 'constant', value: 1 });
  const x = builder.program.input('x', 'f32', [3, 1], 'data');
  builder.program.output('loss', sum(mul(matmul(w, x), 2 ** -30)));
  return builder.finish();
}

const FAINT: Named<HostTensor> = {
  ...linearFeeds([]),
  x: { dtype: 'f32', shape: [3, 1], data: Float32Array.of(1, -2, 4) },
  ...Object.fromEntries(
    ['w', 'adamw.m.w', 'adamw.v.w'].map((name): [string, HostTensor] => [
      name,
      { dtype: 'f32', shape: [1, 3], data: new Float32Array(3) },
    ]),
  ),
};

const SMALL = linearFeeds([1, 2, -3]);
/** Finite; times 2 it is not. */
const LARGE = linearFeeds([1, 3e38, -3]);

describe('a scaled step', () => {
  // Scaling by a power of two changes exponents only. That ends where a number is subnormal in one of
  // the two and not in the other, or overflows: neither occurs in these steps.
  it.each([
    ['reconstruction', TINY_MAE, {}],
    ['both objectives', TINY_JOINT, {}],
    ['microbatches', TINY_MAE, { microbatches: 2 }],
  ])('has the bits of the unscaled one: %s', async (_, config, parts) => {
    const options = { ...parts, steps: 2 };
    for (const backend of [plain(), onnx]) {
      const want = await tinySteps(backend, config, options);
      const same = async (exponent: number): Promise<void> => {
        const scale = 2 ** exponent;
        const got = await tinySteps(backend, config, { ...options, lossScaling: fixed(scale) });
        expect(got.states.map(model)).toEqual(want.states);
        expect(got.metrics).toEqual(
          want.metrics.map((metrics) => ({ ...metrics, loss_scale: scale, skipped: 0 })),
        );
      };
      const exponents = fc.asyncProperty(fc.integer({ min: 0, max: 24 }), same);
      await fc.assert(exponents, { numRuns: 3 });
    }
  });

  it('keeps what products that read their operands as f16 lose without', async () => {
    const f16 = plain(BINARY16.round);
    const moment = async (backend: Backend, lossScaling: LossScaling): Promise<HostTensor> => {
      const { states } = await runSteps(backend, oneCallPlan(faintModel(), { lossScaling }), [
        FAINT,
      ]);
      return tensorOf(states[0], 'adamw.m.w');
    };
    const none: LossScaling = { kind: 'none' };
    const want = await moment(plain(), none);
    expect(want.data).toEqual(
      Float32Array.from([1, -2, 4], (g) => Math.fround(1 - 0.9) * g * 2 ** -30),
    );
    expect((await moment(f16, none)).data).toEqual(new Float32Array(3));
    expect(await moment(f16, dynamic())).toEqual(want);
  });
});

describe.each([
  ['the interpreter', plain],
  ['ONNX Runtime', (): Backend => onnx],
])('on %s', (_, backend) => {
  it('a step that overflows leaves parameters and moments, and halves the scale; training goes on', async () => {
    const plan = oneCallPlan(linearModel(), {
      gradientNorm: true,
      lossScaling: dynamic({ growthInterval: 2 }),
    });
    const { metrics, states } = await runSteps(backend(), plan, [SMALL, LARGE, SMALL, SMALL]);
    expect(metrics.map(({ skipped }) => skipped)).toEqual([0, 1, 0, 0]);
    expect(metrics.map(({ loss_scale }) => loss_scale)).toEqual([
      2 ** 16,
      2 ** 16,
      2 ** 15,
      2 ** 15,
    ]);
    expect(states.map(scaler)).toEqual([
      [2 ** 16, 1, 0],
      [2 ** 15, 0, 1],
      [2 ** 15, 1, 1],
      [2 ** 16, 0, 1],
    ]);
    expect(model(states[1])).toEqual(model(states[0]));
    const unscaled = oneCallPlan(linearModel(), { gradientNorm: true });
    const without = await runSteps(backend(), unscaled, [SMALL, SMALL, SMALL]);
    expect([states[0], states[2], states[3]].map(model)).toEqual(without.states);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'a gradient of %d skips the step, wherever it stands, with a fixed scale too',
    async (wrong) => {
      const plan = oneCallPlan(linearModel(), { lossScaling: fixed(1) });
      const feeds = [0, 1, 2].map((at) =>
        linearFeeds([1, 2, 3].map((x, i) => (i === at ? wrong : x))),
      );
      const { metrics, states } = await runSteps(backend(), plan, feeds);
      expect(metrics.map(({ skipped, loss_scale }) => [skipped, loss_scale])).toEqual(
        feeds.map(() => [1, 1]),
      );
      const { w, 'adamw.m.w': m, 'adamw.v.w': v } = SMALL;
      for (const [step, state] of states.entries()) {
        expect(model(state)).toEqual({ w, 'adamw.m.w': m, 'adamw.v.w': v });
        expect(tensorOf(state, SCALER.skipped).data).toEqual(Float32Array.of(step + 1));
      }
    },
  );

  it('one microbatch that overflows skips the whole step', async () => {
    // With this weight a scale of 2^126 overflows, and one far below does not.
    const heavy = { ...TINY_MAE, mae: { decoder: { width: 6, depth: 1, heads: 2 }, weight: 1e6 } };
    const lossScaling = dynamic({ initial: 2 ** 126, maximum: 2 ** 126 });
    for (const microbatches of [1, 2]) {
      const options = { lossScaling, microbatches, steps: 30 };
      const { metrics, states } = await tinySteps(backend(), heavy, options);
      const first = metrics.findIndex(({ skipped }) => skipped === 0);
      expect(first).toBeGreaterThan(2);
      expect(metrics[first]?.loss_scale).toBe(2 ** (126 - first));
      for (let step = 1; step < first; step++)
        expect(model(states[step])).toEqual(model(states[0]));
      expect(scaler(states[first])).toEqual([2 ** (126 - first), 1, first]);
      expect(model(states[first])).not.toEqual(model(states[0]));
      expect(metrics.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    }
  });
});

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const here = capable('webgpu', probe.available ? undefined : probe.reason);

it.skipIf(!here)('on WebGPU the scale grows in memory that the step before wrote', async () => {
  const lossScaling = dynamic({ initial: 4, maximum: 8, growthInterval: 2 });
  const backend = await WEBGPU.open({ device: 'swiftshader' });
  const plan = oneCallPlan(linearModel(), { lossScaling });
  const { metrics, states } = await runSteps(backend, plan, Array(5).fill(SMALL));
  expect(metrics.map(({ loss_scale }) => loss_scale)).toEqual([4, 4, 8, 8, 8]);
  expect(states.map(scaler)).toEqual([
    [4, 1, 0],
    [8, 0, 0],
    [8, 1, 0],
    [8, 0, 0],
    [8, 1, 0],
  ]);
  expect(backend.liveTensors).toBe(0);
  await backend.dispose();
});

describe('a dynamic scale', () => {
  it('goes as that of PyTorch, between its bounds, whatever overflows', async () => {
    const [minimum, maximum] = [4, 64];
    const drawn = fc.record({
      overflows: fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
      growthInterval: fc.integer({ min: 1, max: 4 }),
      exponent: fc.integer({ min: 2, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ overflows, growthInterval, exponent }) => {
        let [scale, good, skipped] = [2 ** exponent, 0, 0];
        const lossScaling = dynamic({ minimum, maximum, initial: scale, growthInterval });
        const plan = oneCallPlan(linearModel(), { lossScaling });
        const feeds = overflows.map((overflow) => (overflow ? LARGE : SMALL));
        const { metrics, states } = await runSteps(plain(), plan, feeds);
        for (const [step, overflow] of overflows.entries()) {
          expect(metrics[step]).toMatchObject({ loss_scale: scale, skipped: Number(overflow) });
          good += 1;
          if (overflow) {
            [scale, good] = [Math.max(scale / 2, minimum), 0];
            skipped += 1;
          } else if (good === growthInterval) {
            [scale, good] = [Math.min(scale * 2, maximum), 0];
          }
          expect(scaler(states[step])).toEqual([scale, good, skipped]);
        }
      }),
    );
  });

  it('has the defaults of PyTorch, a floor of 1 and a ceiling of 2^24', () => {
    expect(activeLossScaling(dynamic())).toEqual({
      kind: 'dynamic',
      initial: 65536,
      growthInterval: 2000,
      minimum: 1,
      maximum: 16_777_216,
    });
    expect(activeLossScaling({ kind: 'none' })).toBeUndefined();
    // A bound that lies on the other side of the default brings it along.
    expect(activeLossScaling(dynamic({ maximum: 2 ** 15 }))).toMatchObject({ initial: 2 ** 15 });
    expect(activeLossScaling(dynamic({ minimum: 2 ** 20 }))).toMatchObject({ initial: 2 ** 20 });
  });

  it.each([
    [fixed(1000), /lossScaling\.scale.*got 1000.*power of two/],
    [fixed(0), /lossScaling\.scale/],
    [fixed(65536 * (1 + Number.EPSILON)), /lossScaling\.scale/],
    [fixed(Number.POSITIVE_INFINITY), /lossScaling\.scale/],
    [fixed(2 ** 127), /lossScaling\.scale/],
    [dynamic({ initial: 0.5 }), /lossScaling\.initial.*got 0\.5/],
    [dynamic({ initial: 2 ** 25 }), /lossScaling\.initial.*1 to 16777216/],
    [dynamic({ minimum: 3 }), /lossScaling\.minimum/],
    [dynamic({ initial: 2, minimum: 4 }), /lossScaling\.initial.*4 to 16777216/],
    [dynamic({ growthInterval: 0 }), /lossScaling\.growthInterval/],
    [dynamic({ growthInterval: 1.5 }), /lossScaling\.growthInterval/],
  ])('is refused where it makes no sense: %j', (lossScaling, message) => {
    expect(() => trainingPlan(TINY_MAE, SHAPE, { lossScaling })).toThrow(message);
  });
});
