import { describe, expect, it } from 'vitest';
import type { DecoderConfig, MaeObjective, ModelConfig } from '../../spec/index.js';
import { expectEqual } from './compare.js';
import {
  expectGradients,
  expectIntermediates,
  expectThreeSteps,
  VideomaeCase,
} from './videomae-case.js';

const TINY_MAE: MaeObjective = {
  decoder: { width: 16, depth: 2, heads: 2, normEps: 1e-12, finalNormEps: 1e-5 },
};
const TINY: ModelConfig = {
  video: { frames: 4, size: 32, tubelet: 2, patch: 8 },
  encoder: { width: 24, depth: 2, heads: 3, normEps: 1e-12 },
  mae: TINY_MAE,
};

function withDecoder(change: Partial<DecoderConfig>): ModelConfig {
  return { ...TINY, mae: { decoder: { ...TINY_MAE.decoder, ...change } } };
}

describe('Hugging Face VideoMAEForPreTraining in float64', () => {
  const tiny = new VideomaeCase('videomae_tiny', TINY);

  it('has the losses and parameters of 3 AdamW steps', () => expectThreeSteps(tiny));

  it('has its gradients', () => expectGradients(tiny));

  it('has its embeddings, the result of every block, predictions and targets', () => {
    expectIntermediates(tiny, [
      'embeddings',
      'encoder_layer.0',
      'encoder_layer.1',
      'encoder_norm',
      'decoder_layer.0',
      'decoder_layer.1',
      'logits',
      'target',
    ]);
  });

  it.each<[string, ModelConfig]>([
    ['the final norm has an eps of 1e-3', withDecoder({ finalNormEps: 1e-3 })],
    ['the decoder has the approximate GELU', withDecoder({ activation: 'quick-gelu' })],
    ['targets are not normalised', { ...TINY, mae: { ...TINY_MAE, target: 'raw' } }],
  ])('misses the loss by far when %s', (_, config) => {
    const wrong = new VideomaeCase('videomae_tiny', config).train(1).losses;
    expect(() => {
      expectEqual('loss', wrong, tiny.fixture.float64('out.loss').data, 1e-5);
    }).toThrow('worst difference');
  });
});
