import { describe, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { elementCount, type ModelConfig } from '../../spec/index.js';
import { readFixture } from './read-fixture.js';
import {
  expectGradients,
  expectIntermediates,
  expectThreeSteps,
  VideomaeCase,
} from './videomae-case.js';

/**
 * Our clips are square and the fixture's are 16 x 24, so it meets a clip of one cube a slot which has
 * its 18 cubes in their order: everything is tested but the cutting of frames wider than high.
 */
const WIDE: ModelConfig = {
  video: { frames: 36, size: 8, tubelet: 2, patch: 8 },
  encoder: {
    width: 18,
    depth: 1,
    heads: 3,
    mlpRatio: 5 / 3,
    normEps: 1e-12,
    finalNorm: false,
  },
  mae: {
    decoder: {
      width: 12,
      depth: 1,
      heads: 2,
      mlpRatio: 5 / 3,
      normEps: 1e-12,
      finalNormEps: 1e-5,
    },
    target: 'raw',
  },
};

/** The cubes of frames [2, 6, 16, 24, 3], slot-major, then row by row: a clip [2, 36, 8, 8, 3]. */
function oneColumn(frames: Uint8Array): HostTensor {
  const shape = [2, 36, 8, 8, 3];
  const data = new Uint8Array(elementCount(shape));
  let end = 0;
  for (let b = 0; b < 2; b++)
    for (let slot = 0; slot < 3; slot++)
      for (let row = 0; row < 2; row++)
        for (let column = 0; column < 3; column++)
          for (let t = 0; t < 2; t++)
            for (let y = 0; y < 8; y++) {
              const line = (b * 6 + slot * 2 + t) * 16 + row * 8 + y;
              const start = (line * 24 + column * 8) * 3;
              data.set(frames.subarray(start, start + 24), end);
              end += 24;
            }
  return { dtype: 'u8', shape, data };
}

describe('Hugging Face VideoMAEForPreTraining on a grid of 2 x 3 in float64', () => {
  const frames = readFixture('videomae_wide').tensors.get('input.frames');
  if (!(frames?.data instanceof Uint8Array)) throw new Error('the fixture has no frames');
  const wide = new VideomaeCase('videomae_wide', WIDE, oneColumn(frames.data));

  it('has the losses and parameters of 3 AdamW steps', () => expectThreeSteps(wide));

  it('has its gradients', () => expectGradients(wide));

  it('has its embeddings, the result of every block, predictions and targets', () => {
    expectIntermediates(wide, [
      'embeddings',
      'encoder_layer.0',
      'decoder_layer.0',
      'logits',
      'target',
    ]);
  });
});
