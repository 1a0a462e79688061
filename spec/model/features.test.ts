import { expect, it } from 'vitest';
import { stepInputs, TINY_CONTRASTIVE, TINY_MAE } from '../../conformance/steps/tiny-step.js';
import { interpret } from '../../reference/index.js';
import { videoFeatureModel } from './features.js';
import { type ContrastiveObjective, videoEmbeddingModel } from './pretraining.js';

it.each([
  ['without a class token', TINY_MAE],
  ['with a class token', TINY_CONTRASTIVE],
])('are what the contrastive head would receive, %s', (_, config) => {
  const width = config.encoder.width;
  const contrastive: ContrastiveObjective = {
    temperature: { kind: 'fixed', value: 1 },
    text: { frozen: true, width },
    textProjection: { kind: 'none', width },
    videoProjection: { kind: 'none', width },
  };
  const head = videoEmbeddingModel({ ...config, contrastive }, { batch: 2, visible: 8 });
  const { program } = videoFeatureModel(config, { batch: 2 });
  const inputs = stepInputs(head.program, head.state, { batch: 2, visible: 8, draw: 4 });
  const unit = interpret(head.program, inputs).embedding?.data as Float64Array;
  const features = interpret(program, inputs).embedding?.data as Float64Array;
  for (let clip = 0; clip < 2; clip++) {
    const row = features.subarray(clip * width, (clip + 1) * width);
    const length = Math.hypot(...row);
    row.forEach((value, i) => {
      expect(value / length).toBeCloseTo(unit[clip * width + i] as number, 12);
    });
  }
});
