import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import { trainingPlan } from '../../core/plan/index.js';
import {
  momentName,
  type PretrainingConfig,
  type Program,
  type StateSpec,
  VIDEOMAE_HF,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { inOurLayout } from './load-state.js';
import { type Fixture, readFixture } from './read-fixture.js';

/** The agreement that float64 on both sides must reach. */
const EXACT = 1e-9;

const TINY: PretrainingConfig = {
  video: { frames: 4, size: 32, tubelet: 2, patch: 8 },
  encoder: { width: 24, depth: 2, heads: 3, normEps: 1e-12 },
  mae: { decoder: { width: 16, depth: 2, heads: 2, normEps: 1e-12, finalNormEps: 1e-5 } },
};
const ADAMW = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.05 };
const LEARNING_RATE = 1e-3;

function maskInputs(fixture: Fixture): Named<HostTensor> {
  const mask = fixture.tensors.get('input.mask');
  const frames = fixture.tensors.get('input.frames');
  if (mask === undefined || frames?.dtype !== 'U8') throw new Error('the fixture has no inputs');
  const [batch, tokens] = mask.shape as [number, number];
  const indices = (value: number): HostTensor => {
    const rows = Array.from({ length: batch }, (_, b) =>
      Array.from({ length: tokens }, (_, n) => n).filter(
        (n) => mask.data[b * tokens + n] === value,
      ),
    );
    const data = Int32Array.from(rows.flat());
    return { dtype: 'i32', shape: [batch, data.length / batch], data };
  };
  return {
    frames: { dtype: 'u8', shape: frames.shape, data: frames.data },
    visible: indices(0),
    masked: indices(1),
  };
}

function tables(fixture: Fixture, program: Program): Named<HostTensor> {
  const theirs: Named<string> = {
    'encoder.positions': 'buffer.videomae.embeddings.position_embeddings',
    'decoder.positions': 'buffer.position_embeddings',
  };
  const constants = program.inputs.filter(({ role }) => role === 'constant');
  return Object.fromEntries(
    constants.map(({ name, shape }) => {
      const { data } = fixture.float64(theirs[name] as string);
      return [name, { dtype: 'f64', shape, data }];
    }),
  );
}

function schedule(step: number): Named<HostTensor> {
  const scalar = (value: number): HostTensor => ({
    dtype: 'f64',
    shape: [],
    data: Float64Array.of(value),
  });
  return {
    'schedule.lr': scalar(LEARNING_RATE),
    'schedule.correction1': scalar(1 - ADAMW.beta1 ** (step + 1)),
    'schedule.correction2': scalar(1 - ADAMW.beta2 ** (step + 1)),
  };
}

function worstDifference(got: Named<HostTensor>, want: Named<HostTensor>): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(want)) {
    const mine = got[name]?.data ?? [];
    expect(mine.length, name).toBe(data.length);
    data.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - (mine[i] ?? Number.NaN)));
    });
  }
  return worst;
}

describe('Hugging Face VideoMAEForPreTraining in float64', () => {
  const fixture = readFixture('videomae_tiny');
  const visible = 8;
  const plan = trainingPlan(TINY, { batch: 2, visible }, { optimizer: ADAMW, float: 'f64' });
  const step = plan.programs.step as Program;
  const parameters = plan.state.filter(({ role }) => role === 'parameter');
  const inputs = { ...maskInputs(fixture), ...tables(fixture, step) };

  const initialState = (): Record<string, HostTensor> => {
    const zeros = (spec: StateSpec): [string, HostTensor] => [
      spec.name,
      {
        dtype: 'f64',
        shape: spec.shape,
        data: new Float64Array(spec.shape.reduce((a, b) => a * b, 1)),
      },
    ];
    return {
      ...Object.fromEntries(plan.state.map(zeros)),
      ...inOurLayout(parameters, fixture.group('param'), VIDEOMAE_HF),
    };
  };

  it('has the losses and parameters of 3 AdamW steps', () => {
    const losses = fixture.float64('out.losses').data;
    let state = initialState();
    for (let index = 0; index < 3; index++) {
      const outputs = interpret(step, { ...inputs, ...state, ...schedule(index) });
      expect(Math.abs((outputs.loss?.data[0] as number) - (losses[index] as number))).toBeLessThan(
        EXACT,
      );
      state = Object.fromEntries(plan.state.map(({ name }) => [name, outputs[name] as HostTensor]));
    }
    const want = inOurLayout(parameters, fixture.group('step3'), VIDEOMAE_HF);
    expect(worstDifference(state, want)).toBeLessThan(EXACT);
  });

  it('has its gradients', () => {
    // After the first step from zero moments, m = (1 - beta1) g.
    const outputs = interpret(step, { ...inputs, ...initialState(), ...schedule(0) });
    const want = inOurLayout(parameters, fixture.group('grad'), VIDEOMAE_HF);
    const gradients = Object.fromEntries(
      parameters.map(({ name, shape }) => {
        const moment = outputs[momentName('m', name)]?.data ?? [];
        const data = Float64Array.from(moment, (value) => value / (1 - ADAMW.beta1));
        return [name, { dtype: 'f64', shape, data } satisfies HostTensor];
      }),
    );
    expect(worstDifference(gradients, want)).toBeLessThan(EXACT);
  });
});
