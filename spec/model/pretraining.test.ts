import { describe, expect, it } from 'vitest';
import { cutStep } from '../../conformance/steps/step-program.js';
import {
  stepInputs,
  TINY_JOINT,
  TINY_MAE,
  TINY_TEACHER,
} from '../../conformance/steps/tiny-step.js';
import type { HostTensor, Named } from '../../core/backend.js';
import { interpret } from '../../reference/index.js';
import {
  type ContrastiveObjective,
  type ModelConfig,
  pretrainingModel,
  textEmbeddingModel,
} from './pretraining.js';

const SHAPE = { batch: 3, visible: 3 };

function withWeight(config: ModelConfig, weight: number): ModelConfig {
  return { ...config, contrastive: { ...(config.contrastive as ContrastiveObjective), weight } };
}

/** One step in float64 on random inputs: losses, gradients, and the next state by name. */
function step(config: ModelConfig, given: Named<HostTensor> = {}) {
  const cut = cutStep(config, SHAPE, { float: 'f64' });
  const inputs = { ...stepInputs(cut.step, cut.state, { ...SHAPE, draw: 1 }), ...given };
  return { inputs, outputs: interpret(cut.step, inputs), state: cut.state };
}

const numbers = (tensor: { readonly data: ArrayLike<number> } | undefined): number[] =>
  Array.from(tensor?.data ?? []);

describe('a contrastive loss of weight 0', () => {
  it.each([
    ['with a frozen teacher', TINY_TEACHER],
    ['with a text encoder', TINY_JOINT],
  ])('%s leaves the gradients and the step of MAE as they are, bit for bit', (_, config) => {
    const watched = step(withWeight(config, 0));
    const alone = step(TINY_MAE, watched.inputs);
    const shared = Object.keys(alone.outputs);
    expect(shared.filter((name) => name.startsWith('grad.')).length).toBeGreaterThan(20);
    for (const name of shared) {
      expect([name, numbers(watched.outputs[name])]).toEqual([name, numbers(alone.outputs[name])]);
    }
  });

  it.each([TINY_TEACHER, TINY_JOINT])(
    'is the loss that weight 1 has, and teaches nothing',
    (config) => {
      const watched = step(withWeight(config, 0));
      const joint = step(withWeight(config, 1), watched.inputs);
      expect(numbers(watched.outputs['loss.contrastive'])).toEqual(
        numbers(joint.outputs['loss.contrastive']),
      );
      const own = watched.state
        .filter(({ name, role }) => role === 'parameter' && !/^(encoder|decoder)\./.test(name))
        .map(({ name }) => name);
      expect(own).toContain('projection.video.fc2.weight');
      for (const name of own) {
        // The temperature of the joint model is cut by its clamp, whatever its rate.
        if (name === 'temperature.log_scale') continue;
        expect([name, numbers(watched.outputs[name])]).toEqual([
          name,
          numbers(watched.inputs[name]),
        ]);
        expect(numbers(joint.outputs[name])).not.toEqual(numbers(watched.inputs[name]));
      }
    },
  );

  it('is no objective on its own', () => {
    const { mae: _, ...config } = withWeight(TINY_TEACHER, 0);
    expect(() => pretrainingModel(config, SHAPE)).toThrow(/no objective/);
  });
});

describe('frozen text', () => {
  it('takes embeddings with the data, and has no parameter', () => {
    const { program, state } = pretrainingModel(TINY_TEACHER, SHAPE);
    const inputs = program.inputs.map(({ name }) => name);
    expect(inputs).toContain('text.embedding');
    expect(inputs).not.toContain('text.ids');
    expect(state.filter(({ name }) => name.includes('text'))).toEqual([]);
  });

  it('counts by its direction, not by its length', () => {
    const { inputs, outputs } = step(TINY_TEACHER);
    const given = inputs['text.embedding'] as HostTensor;
    const scaled = (factor: number): HostTensor => ({
      ...given,
      data: Float64Array.from(given.data as ArrayLike<number>, (x) => x * factor),
    });
    const loss = (changes: Named<HostTensor>): number =>
      numbers(
        step(TINY_TEACHER, { ...inputs, ...changes }).outputs['loss.contrastive'],
      )[0] as number;
    const [plain] = numbers(outputs['loss.contrastive']) as [number];
    expect(loss({ 'text.embedding': scaled(3) })).toBeCloseTo(plain, 12);
    expect(Math.abs(loss({ 'text.embedding': scaled(-1) }) - plain)).toBeGreaterThan(0.01);
  });

  it('with a linear head is embedded by that head, of length 1', () => {
    const contrastive: ContrastiveObjective = {
      ...(TINY_TEACHER.contrastive as ContrastiveObjective),
      textProjection: { kind: 'linear', width: 5 },
      text: { frozen: true, width: 9 },
    };
    const { program, state } = textEmbeddingModel({ ...TINY_TEACHER, contrastive }, { batch: 2 });
    const inputs = stepInputs(program, state, { batch: 2, visible: 3, draw: 2 });
    expect(inputs['text.embedding']?.shape).toEqual([2, 9]);
    const rows = numbers(interpret(program, inputs).embedding);
    expect(rows).toHaveLength(10);
    expect(Math.hypot(...rows.slice(0, 5))).toBeCloseTo(1, 12);
  });
});
