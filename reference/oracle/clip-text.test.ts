import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  CLIP_TEXT_HF,
  linearLayer,
  type Model,
  ModelBuilder,
  mul,
  projection,
  sum,
  type TextEncoderConfig,
  textEncoder,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual, outputsAndGradients } from './compare.js';
import { lastValue } from './last-value.js';
import { inOurLayout } from './load-state.js';
import { type Fixture, readFixture } from './read-fixture.js';

const [BATCH, LENGTH, JOINT] = [3, 9, 10] as const;

const CLIP: TextEncoderConfig = {
  vocabulary: 40,
  length: 12,
  width: 24,
  depth: 2,
  heads: 3,
  normEps: 1e-5,
  activation: 'quick-gelu',
  keyBias: true,
  attention: 'causal',
  pool: 'last',
};

/** Outputs `pooled`, and `text_embeds` with the fixture's `loss` (or `unit`, of length 1). */
function clipText(config: TextEncoderConfig = CLIP, head: 'raw' | 'unit' = 'raw'): Model {
  const model = new ModelBuilder('clip_text', 'f64');
  const ids = model.program.input('ids', 'i32', [BATCH, LENGTH], 'data');
  const lengths = model.program.input('lengths', 'i32', [BATCH], 'data');
  const pooled = textEncoder(model, ids, lengths, config);
  model.program.output('pooled', pooled);
  if (head === 'unit') {
    const options = { kind: 'linear', width: JOINT, bias: false } as const;
    model.program.output('unit', projection(model, 'projection.text', pooled, options, 'train'));
    return model.finish();
  }
  const weights = model.program.input('weights', 'f64', [BATCH, JOINT], 'data');
  const embeds = model.scope('projection.text', () =>
    linearLayer(model, 'fc2', pooled, JOINT, { bias: false }),
  );
  model.program.output('text_embeds', embeds);
  model.program.output('loss', sum(mul(embeds, weights)));
  return model.finish();
}

function inputs(fixture: Fixture, { state }: Model): Named<HostTensor> {
  const ids = fixture.tensors.get('input.ids');
  const ends = fixture.tensors.get('input.eos_positions');
  if (ids?.dtype !== 'i32' || ends?.dtype !== 'i32') throw new Error('the fixture has no captions');
  const lengths = { ...ends, data: ends.data.map((position) => position + 1) };
  return {
    ids: asInput(ids),
    lengths: asInput(lengths),
    weights: asInput(fixture.float64('input.loss_weights')),
    ...inOurLayout(state, fixture.group('param'), CLIP_TEXT_HF),
  };
}

/** The rows of `out.last_hidden_state` at the captions' ends. */
function pooledRows(fixture: Fixture): readonly number[] {
  const hidden = fixture.float64('out.last_hidden_state').data;
  const ends = [...(fixture.tensors.get('input.eos_positions')?.data ?? [])];
  return ends.flatMap((end, b) => {
    const start = (b * LENGTH + end) * CLIP.width;
    return [...hidden.subarray(start, start + CLIP.width)];
  });
}

/** `out.text_embeds` with rows of length 1. */
function unitRows(fixture: Fixture): readonly number[] {
  const { data } = fixture.float64('out.text_embeds');
  return Array.from({ length: BATCH }, (_, b) => data.subarray(b * JOINT, (b + 1) * JOINT)).flatMap(
    (row) => Array.from(row, (value) => value / Math.hypot(...row)),
  );
}

describe('Hugging Face CLIPTextModelWithProjection in float64', () => {
  const fixture = readFixture('clip_text_tiny');
  const theirs = (name: string): Float64Array => fixture.float64(name).data;
  const model = clipText();
  const given = inputs(fixture, model);

  it('has the hidden state of every block', () => {
    const blocks = [0, 1].map((i) => lastValue(model.program, `text.${i}`));
    const got = interpret(model.program, given, { observe: blocks });
    blocks.forEach((name, i) => {
      expectEqual(name, got[name]?.data, theirs(`out.layer.${i}`));
    });
  });

  it('has the last hidden state at the first end token, the embedding and the loss', () => {
    const got = interpret(model.program, given);
    expectEqual('pooled', got.pooled?.data, pooledRows(fixture));
    expectEqual('text_embeds', got.text_embeds?.data, theirs('out.text_embeds'));
    expectEqual('loss', got.loss?.data, theirs('out.loss'));
  });

  it('has its embedding of length 1 behind the projection of the method', () => {
    const unit = clipText(CLIP, 'unit');
    expect(unit.state).toEqual(model.state);
    expectEqual('unit', interpret(unit.program, given).unit?.data, unitRows(fixture));
  });

  it('has its gradients; those of key biases are rounding noise on both sides', () => {
    const names = model.state.map(({ name }) => name);
    const { gradients } = outputsAndGradients(model, given, names);
    const want = inOurLayout(model.state, fixture.group('grad'), CLIP_TEXT_HF);
    for (const name of names) expectEqual(name, gradients[name], want[name]?.data ?? []);
    // A key bias adds one number to all scores of a query, which the softmax ignores.
    const keyBiases = names.filter((name) => name.endsWith('.attn.k.bias'));
    expect(keyBiases).toHaveLength(CLIP.depth);
    for (const name of keyBiases) {
      const zeros = new Float64Array(CLIP.width);
      expectEqual(name, gradients[name], zeros, 1e-13);
      expectEqual(name, want[name]?.data, zeros, 1e-13);
    }
  });

  it.each<[string, Partial<TextEncoderConfig>]>([
    ['full attention', { attention: 'full' }],
    ['the exact GELU', { activation: 'gelu' }],
    ['the first token', { pool: 'first' }],
    ['an eps of 1e-3', { normEps: 1e-3 }],
  ])('misses by far with %s', (_, change) => {
    const { text_embeds: got } = interpret(clipText({ ...CLIP, ...change }).program, given);
    expect(() => {
      expectEqual('text_embeds', got?.data, theirs('out.text_embeds'), 1e-4);
    }).toThrow('worst difference');
  });
});
