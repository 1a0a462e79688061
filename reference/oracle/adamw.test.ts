import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { ADAMW, learningRate, ProgramBuilder } from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { expectEqual } from './compare.js';
import { readFixture } from './read-fixture.js';

const BETAS = { beta1: 0.9, beta2: 0.95, eps: 1e-8 };

describe('torch.optim.AdamW in float64', () => {
  const fixture = readFixture('adamw');
  for (const [name, decay] of [
    ['weight', 0.05],
    ['bias', 0],
  ] as const) {
    it(`has the parameters and moments of five steps: ${name}, decay ${decay}`, () => {
      const history = fixture.float64(`out.${name}`);
      const shape = history.shape.slice(1);
      const size = shape.reduce((a, b) => a * b, 1);
      const builder = new ProgramBuilder('adamw', { float: 'f64' });
      const tensors = ['p', 'm', 'v', 'g'].map((each) => builder.input(each, 'f64', shape, 'data'));
      const scalars = ['lr', 'c1', 'c2'].map((each) => builder.input(each, 'f64', [], 'data'));
      const attributes = { ...BETAS, decay, lr_scale: 1 };
      builder.call(ADAMW, [...tensors, ...scalars], attributes).forEach((value, i) => {
        builder.output(['p', 'm', 'v'][i] as string, value);
      });
      const program = builder.finish();
      const tensor = (data: Float64Array): HostTensor => ({ dtype: 'f64', shape, data });
      const scalar = (value: number): HostTensor => ({
        dtype: 'f64',
        shape: [],
        data: Float64Array.of(value),
      });
      const row = (of: string, step: number): Float64Array =>
        fixture.float64(of).data.slice(step * size, (step + 1) * size);
      let state = {
        p: tensor(row(`out.${name}`, 0)),
        m: tensor(new Float64Array(size)),
        v: tensor(new Float64Array(size)),
      };
      for (let step = 0; step < 5; step++) {
        const outputs = interpret(program, {
          ...state,
          g: tensor(row(`input.${name}_grads`, step)),
          lr: scalar(fixture.float64('input.lr').data[step] as number),
          c1: scalar(1 - BETAS.beta1 ** (step + 1)),
          c2: scalar(1 - BETAS.beta2 ** (step + 1)),
        });
        expectEqual(
          `p after step ${step + 1}`,
          outputs.p?.data,
          row(`out.${name}`, step + 1),
          1e-12,
        );
        expectEqual(`m after step ${step + 1}`, outputs.m?.data, row(`out.${name}.m`, step), 1e-12);
        expectEqual(`v after step ${step + 1}`, outputs.v?.data, row(`out.${name}.v`, step), 1e-12);
        state = outputs as typeof state;
      }
    });
  }
});

describe('VideoMAE’s cosine schedule', () => {
  it.each([
    ['schedule', { peak: 3e-4, minimum: 2e-5, warmupSteps: 6, totalSteps: 21 }],
    ['schedule.no_warmup', { peak: 3e-4, minimum: 0, warmupSteps: 0, totalSteps: 5 }],
    ['schedule.one_warmup_step', { peak: 3e-4, minimum: 2e-5, warmupSteps: 1, totalSteps: 4 }],
  ] as const)('has our learning rates, rounded to float32: %s', (name, schedule) => {
    const theirs = fixtureSchedule(name);
    expect(Array.from(theirs, (_, step) => learningRate(schedule, step))).toEqual(
      Array.from(theirs, Math.fround),
    );
  });
});

function fixtureSchedule(name: string): Float64Array {
  return readFixture('adamw').float64(name).data;
}
