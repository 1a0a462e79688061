import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  type InfoNceConfig,
  infoNceLoss,
  type Model,
  ModelBuilder,
  pool,
  projection,
  temperatureScale,
} from '../../spec/index.js';
import { asInput, expectEqual, outputsAndGradients } from './compare.js';
import { readFixture } from './read-fixture.js';

/** Our parameters and inputs, and what PyTorch's script calls them. */
const THEIRS: Named<string> = {
  tokens: 'tokens',
  text: 'text',
  'projection.video.fc1.weight': 'linear1.weight',
  'projection.video.norm.weight': 'norm.weight',
  'projection.video.norm.bias': 'norm.bias',
  'projection.video.fc2.weight': 'linear2.weight',
  'projection.video.fc2.bias': 'linear2.bias',
  'projection.text.fc2.weight': 'text.weight',
  'projection.text.fc2.bias': 'text.bias',
  'temperature.log_scale': 'logit_scale',
};
const CASES: Named<InfoNceConfig> = {
  sum_fixed: { temperature: { kind: 'fixed', value: 0.05 }, directions: 'sum' },
  mean_fixed: { temperature: { kind: 'fixed', value: 0.05 }, directions: 'mean' },
  mean_learnable: { temperature: { kind: 'learned' }, directions: 'mean' },
};

function head(config: InfoNceConfig): Model {
  const model = new ModelBuilder('joint', 'f64');
  const tokens = model.program.input('tokens', 'f64', [6, 5, 12], 'data');
  const text = model.program.input('text', 'f64', [6, 9], 'data');
  const head = { kind: 'mlp-bn', width: 7, hidden: 12 } as const;
  const video = projection(model, 'projection.video', pool(tokens, 'mean'), head, 'train');
  const caption = projection(model, 'projection.text', text, { kind: 'linear', width: 7 }, 'train');
  model.program.output('video', video);
  model.program.output('caption', caption);
  const scale = temperatureScale(model, config.temperature);
  model.program.output('loss', infoNceLoss(caption, video, scale, config));
  return model.finish();
}

describe('heads, batch norm and InfoNCE in PyTorch', () => {
  const fixture = readFixture('joint_tiny');
  for (const [name, config] of Object.entries(CASES)) {
    it(`agree in loss, embeddings, statistics and gradients: ${name}`, () => {
      const model = head(config);
      const inputs: Record<string, HostTensor> = {};
      for (const input of model.program.inputs) {
        const statistic = /running_(mean|variance)$/.exec(input.name);
        const theirs = THEIRS[input.name];
        inputs[input.name] = asInput(
          fixture.float64(
            statistic !== null
              ? `buffer.before.norm.running_${statistic[1] === 'mean' ? 'mean' : 'var'}`
              : input.role === 'parameter'
                ? `param.${theirs}`
                : `input.${theirs}`,
          ),
        );
      }
      const wrt = model.program.inputs
        .filter(({ role }) => role === 'parameter' || role === 'data')
        .map((input) => input.name);
      const { outputs, gradients } = outputsAndGradients(model, inputs, wrt);
      expectEqual('loss', outputs.loss?.data, fixture.float64(`out.${name}.loss`).data);
      expectEqual('video', outputs.video?.data, fixture.float64('out.video_embed').data);
      expectEqual('text', outputs.caption?.data, fixture.float64('out.text_embed').data);
      for (const [ours, theirs] of [
        ['mean', 'mean'],
        ['variance', 'var'],
      ] as const) {
        expectEqual(
          `running ${ours}`,
          outputs[`projection.video.norm.running_${ours}`]?.data,
          fixture.float64(`buffer.after.norm.running_${theirs}`).data,
        );
      }
      for (const [ours, gradient] of Object.entries(gradients)) {
        expectEqual(ours, gradient, fixture.float64(`grad.${name}.${THEIRS[ours]}`).data);
      }
      expect(Object.keys(gradients).length).toBe(name === 'mean_learnable' ? 10 : 9);
    });
  }

  it('would show a sum taken for a mean', () => {
    const [sum, mean] = ['sum_fixed', 'mean_fixed'].map(
      (name) => fixture.float64(`out.${name}.loss`).data[0] as number,
    ) as [number, number];
    expect(Math.abs(sum - mean)).toBeGreaterThan(0.1);
  });
});
