import type { HostTensor, Named } from '../../core/backend.js';
import { type Plan, trainingPlan } from '../../core/plan/index.js';
import {
  elementCount,
  type ModelConfig,
  momentName,
  type Program,
  pretrainingModel,
  type StateSpec,
  VIDEOMAE_HF,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual } from './compare.js';
import { lastValue } from './last-value.js';
import { inOurLayout } from './load-state.js';
import { type Fixture, readFixture } from './read-fixture.js';

const ADAMW = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.05 };
const LEARNING_RATE = 1e-3;
const TABLES: Named<string> = {
  'encoder.positions': 'buffer.videomae.embeddings.position_embeddings',
  'decoder.positions': 'buffer.position_embeddings',
};

/** A fixture of `VideoMAEForPreTraining` beside our model of the same sizes. */
export class VideomaeCase {
  readonly fixture: Fixture;
  /** The loss alone, not simplified, so that every value can be observed. */
  readonly forward: Program;
  readonly parameters: readonly StateSpec[];
  readonly inputs: Named<HostTensor>;
  readonly #plan: Plan;

  /** `frames` takes the place of the fixture's where our model cuts them otherwise. */
  constructor(name: string, config: ModelConfig, frames?: HostTensor) {
    this.fixture = readFixture(name);
    const pixels = this.fixture.tensors.get('input.frames');
    if (pixels === undefined) throw new Error('the fixture has no frames');
    const visible = maskIndices(this.fixture, 0);
    const [batch, count] = visible.shape as [number, number];
    const shape = { batch, visible: count };
    this.#plan = trainingPlan(config, shape, { optimizer: ADAMW, float: 'f64' });
    this.forward = pretrainingModel(config, shape, 'f64').program;
    this.parameters = this.#plan.state.filter(({ role }) => role === 'parameter');
    this.inputs = {
      frames: frames ?? asInput(pixels),
      visible,
      masked: maskIndices(this.fixture, 1),
      ...tables(this.fixture, this.forward),
    };
  }

  /** A group of the fixture, such as `grad`, in our layout. */
  group(prefix: string): Named<HostTensor> {
    return inOurLayout(this.parameters, this.fixture.group(prefix), VIDEOMAE_HF);
  }

  /** Losses of AdamW steps on the fixture's batch, with the state that the last one leaves. */
  train(steps: number): { readonly losses: readonly number[]; readonly state: Named<HostTensor> } {
    const losses: number[] = [];
    const zeros = this.#plan.state.map(({ name, shape }): [string, HostTensor] => [
      name,
      { dtype: 'f64', shape, data: new Float64Array(elementCount(shape)) },
    ]);
    let state: Named<HostTensor> = { ...Object.fromEntries(zeros), ...this.group('param') };
    const program = this.#plan.programs.step as Program;
    for (let step = 1; step <= steps; step++) {
      const outputs = interpret(program, { ...this.inputs, ...state, ...schedule(step) });
      losses.push(outputs.loss?.data[0] ?? Number.NaN);
      state = Object.fromEntries(zeros.map(([name]) => [name, outputs[name] as HostTensor]));
    }
    return { losses, state };
  }

  /** The gradients of the first step: from zero moments, m = (1 - beta1) g. */
  gradients(): Named<Float64Array> {
    const { state } = this.train(1);
    return Object.fromEntries(
      this.parameters.map(({ name }) => {
        const moment = state[momentName('m', name)]?.data ?? [];
        return [name, Float64Array.from(moment, (value) => value / (1 - ADAMW.beta1))];
      }),
    );
  }
}

/** Holds the losses before each of three AdamW steps, and the parameters after them, to theirs. */
export function expectThreeSteps(own: VideomaeCase): void {
  const { losses, state } = own.train(3);
  expectEqual('losses', losses, own.fixture.float64('out.losses').data.subarray(0, 3));
  for (const [name, { data }] of Object.entries(own.group('step3'))) {
    expectEqual(name, state[name]?.data, data);
  }
}

/** Holds the gradient of every parameter to theirs. */
export function expectGradients(own: VideomaeCase): void {
  const gradients = own.gradients();
  for (const [name, { data }] of Object.entries(own.group('grad'))) {
    expectEqual(name, gradients[name], data);
  }
}

/** Holds the values on the way to the loss, named as the fixture names them, to theirs. */
export function expectIntermediates(own: VideomaeCase, names: readonly string[]): void {
  const { fixture, forward, inputs } = own;
  const observe = names.map((name) => ourValue(forward, name));
  const got = interpret(forward, { ...inputs, ...own.group('param') }, { observe });
  names.forEach((name, i) => {
    expectEqual(name, got[observe[i] as string]?.data, fixture.float64(`out.${name}`).data);
  });
}

/** Our value for a fixture's `out.<name>`: the last that is made in the scope of the same thing. */
function ourValue(program: Program, name: string): string {
  if (name === 'encoder_norm') return 'encoder.norm.layer_norm.y';
  const scopes: Named<string> = { embeddings: 'encoder', logits: 'decoder.head' };
  return lastValue(program, scopes[name] ?? name.replace('_layer.', '.'));
}

/** The positions of `value` in each row of `input.mask`, ascending, as i32 [B, count]. */
function maskIndices({ tensors }: Fixture, value: 0 | 1): HostTensor {
  const mask = tensors.get('input.mask');
  const [batch, tokens] = mask?.shape ?? [];
  if (mask === undefined || batch === undefined || tokens === undefined) {
    throw new Error('the fixture has no mask');
  }
  const found = [...mask.data.keys()].filter((i) => mask.data[i] === value);
  const data = Int32Array.from(found, (i) => i % tokens);
  return { dtype: 'i32', shape: [batch, data.length / batch], data };
}

function tables(fixture: Fixture, program: Program): Named<HostTensor> {
  const constants = program.inputs.filter(({ role }) => role === 'constant');
  return Object.fromEntries(
    constants.map(({ name, shape }) => {
      const { data } = fixture.float64(TABLES[name] as string);
      return [name, { dtype: 'f64', shape, data }];
    }),
  );
}

/** The scalars of update `step`, counted from 1. */
function schedule(step: number): Named<HostTensor> {
  const scalar = (value: number): HostTensor => ({
    dtype: 'f64',
    shape: [],
    data: Float64Array.of(value),
  });
  return {
    'schedule.lr': scalar(LEARNING_RATE),
    'schedule.correction1': scalar(1 - ADAMW.beta1 ** step),
    'schedule.correction2': scalar(1 - ADAMW.beta2 ** step),
  };
}
