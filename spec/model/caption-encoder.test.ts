import { describe, expect, it } from 'vitest';
import { stepInputs, TINY_JOINT, TINY_TEACHER } from '../../conformance/steps/tiny-step.js';
import { refusal } from '../../core/testing/refusal.js';
import { interpret } from '../../reference/index.js';
import { captionEncoderModel } from './caption-encoder.js';
import { type ContrastiveObjective, textEmbeddingModel } from './pretraining.js';

const contrastive = TINY_JOINT.contrastive as ContrastiveObjective;
const SHAPE = { batch: 3, visible: 3, draw: 4 };

describe('captionEncoderModel', () => {
  it('gives the embedding of the trained model, and the features that it is made of', () => {
    const { program, state } = captionEncoderModel(TINY_JOINT, { batch: 3 });
    const inputs = stepInputs(program, state, SHAPE);
    const { features, embedding } = interpret(program, inputs);
    const model = textEmbeddingModel(TINY_JOINT, { batch: 3 });
    expect(embedding).toEqual(interpret(model.program, inputs).embedding);
    const { width } = contrastive.text;
    expect(features?.shape).toEqual([3, width]);
    const bare = {
      ...TINY_JOINT,
      contrastive: { ...contrastive, textProjection: { kind: 'none', width } },
    };
    const own = interpret(
      textEmbeddingModel(bare as typeof TINY_JOINT, { batch: 3 }).program,
      inputs,
    );
    const rows = Array.from(features?.data ?? [], Number);
    for (const [i, value] of Array.from(own.embedding?.data ?? [], Number).entries()) {
      const row = rows.slice(i - (i % width), i - (i % width) + width);
      expect(value).toBeCloseTo((rows[i] ?? 0) / Math.hypot(...row), 12);
    }
  });

  it('is none of a model whose texts a teacher embeds', () => {
    expect(refusal(() => captionEncoderModel(TINY_TEACHER, { batch: 1 }))).toContain(
      'no text encoder',
    );
  });
});
