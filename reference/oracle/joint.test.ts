import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  type InfoNceConfig,
  infoNceLoss,
  type Mode,
  type Model,
  ModelBuilder,
  pool,
  projection,
  temperatureScale,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual, outputsAndGradients } from './compare.js';
import { lastValue } from './last-value.js';
import { type Fixture, readFixture } from './read-fixture.js';

/** Our parameters and inputs, and what PyTorch's script calls them. */
const THEIRS: Named<string> = {
  tokens: 'tokens',
  text: 'text',
  'projection.video.fc1.weight': 'linear1.weight',
  'projection.video.norm.weight': 'norm.weight',
  'projection.video.norm.bias': 'norm.bias',
  'projection.video.norm.running_mean': 'norm.running_mean',
  'projection.video.norm.running_variance': 'norm.running_var',
  'projection.video.fc2.weight': 'linear2.weight',
  'projection.video.fc2.bias': 'linear2.bias',
  'projection.text.fc2.weight': 'text.weight',
  'projection.text.fc2.bias': 'text.bias',
  'temperature.log_scale': 'logit_scale',
};
type Inputs = Named<HostTensor>;
const CASES: Named<InfoNceConfig> = {
  sum_fixed: { temperature: { kind: 'fixed', value: 0.05 }, directions: 'sum' },
  mean_fixed: { temperature: { kind: 'fixed', value: 0.05 }, directions: 'mean' },
  mean_learnable: { temperature: { kind: 'learned' }, directions: 'mean' },
};

function head(config: InfoNceConfig, mode: Mode = 'train'): Model {
  const model = new ModelBuilder('joint', 'f64');
  const tokens = model.program.input('tokens', 'f64', [6, 5, 12], 'data');
  const text = model.program.input('text', 'f64', [6, 9], 'data');
  const head = { kind: 'mlp-bn', width: 7, hidden: 12 } as const;
  const video = projection(model, 'projection.video', pool(tokens, 'mean'), head, mode);
  const caption = projection(model, 'projection.text', text, { kind: 'linear', width: 7 }, mode);
  const scale = temperatureScale(model, config.temperature);
  model.program.output(
    'loss',
    model.scope('contrastive', () => infoNceLoss(caption, video, scale, config)),
  );
  return model.finish();
}

/** What the model reads, with the running statistics `before` or `after` one step. */
function inputsOf({ program }: Model, fixture: Fixture, time: 'before' | 'after'): Inputs {
  return Object.fromEntries(
    program.inputs.map(({ name, role }) => {
      const prefix = { statistic: `buffer.${time}`, parameter: 'param' }[String(role)] ?? 'input';
      return [name, asInput(fixture.float64(`${prefix}.${THEIRS[name]}`))];
    }),
  );
}

/** Values on the way to the loss, by name, and what PyTorch's script calls them. */
function embeddings({ program }: Model): Named<string> {
  return {
    'projection.video.fc2.add': 'video_projected',
    [lastValue(program, 'projection.video')]: 'video_embed',
    [lastValue(program, 'projection.text')]: 'text_embed',
  };
}

describe('heads, batch norm and InfoNCE in PyTorch', () => {
  const fixture = readFixture('joint_tiny');
  for (const [name, config] of Object.entries(CASES)) {
    it(`agree in loss, embeddings, statistics and gradients: ${name}`, () => {
      const model = head(config);
      const inputs = inputsOf(model, fixture, 'before');
      const between = embeddings(model);
      const wrt = model.program.inputs.filter(({ role }) => role !== 'statistic');
      const named = [...wrt.map((input) => input.name), ...Object.keys(between)];
      const { outputs, gradients } = outputsAndGradients(model, inputs, named);
      expectEqual('loss', outputs.loss?.data, fixture.float64(`out.${name}.loss`).data);
      for (const statistic of ['running_mean', 'running_variance']) {
        const ours = `projection.video.norm.${statistic}`;
        const after = fixture.float64(`buffer.after.${THEIRS[ours]}`).data;
        expectEqual(statistic, outputs[ours]?.data, after);
      }
      for (const ours of named) {
        const theirs = fixture.float64(`grad.${name}.${THEIRS[ours] ?? between[ours]}`).data;
        expectEqual(ours, gradients[ours], theirs);
      }
      expect(named).toHaveLength(name === 'mean_learnable' ? 13 : 12);
      const observe = [...Object.keys(between), 'contrastive.mul'];
      const values = interpret(model.program, inputs, { observe });
      for (const ours of observe) {
        const theirs = fixture.float64(`out.${between[ours] ?? `${name}.logits`}`).data;
        expectEqual(ours, values[ours]?.data, theirs);
      }
    });
  }

  it('evaluate with the running statistics that training left, and no others', () => {
    const model = head({ temperature: { kind: 'fixed', value: 0.05 } }, 'evaluate');
    const embedding = lastValue(model.program, 'projection.video');
    const theirs = fixture.float64('out.eval.video_embed').data;
    const embed = (time: 'before' | 'after'): ArrayLike<number> | undefined => {
      const inputs = inputsOf(model, fixture, time);
      return interpret(model.program, inputs, { observe: [embedding] })[embedding]?.data;
    };
    expectEqual('video', embed('after'), theirs);
    expect(() => expectEqual('video', embed('before'), theirs, 1e-3)).toThrow('worst difference');
  });

  it('differ by far from a batch norm that takes running statistics in training', () => {
    const model = head({ temperature: { kind: 'fixed', value: 0.05 } }, 'evaluate');
    const weight = 'projection.video.fc1.weight';
    const inputs = inputsOf(model, fixture, 'before');
    const { gradients } = outputsAndGradients(model, inputs, [weight]);
    const theirs = fixture.float64('grad.mean_fixed.linear1.weight').data;
    expect(() => expectEqual(weight, gradients[weight], theirs, 1e-2)).toThrow('worst difference');
  });

  it('would show a sum taken for a mean', () => {
    const [sum, mean] = ['sum_fixed', 'mean_fixed'].map(
      (name) => fixture.float64(`out.${name}.loss`).data[0] as number,
    ) as [number, number];
    expect(Math.abs(sum - mean)).toBeGreaterThan(0.1);
  });
});
