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
import { EXACT, worstDifference } from './agreement.js';
import { float64, stored } from './host-tensors.js';
import { lastValue } from './last-value.js';
import { inOurLayout } from './load-state.js';
import { type Fixture, readFixture } from './read-fixture.js';
import { asGradients, withGradients } from './with-gradients.js';

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

function inputs(fixture: Fixture, { state }: Model): Record<string, HostTensor> {
  const ids = fixture.tensors.get('input.ids');
  const ends = fixture.tensors.get('input.eos_positions');
  if (ids?.dtype !== 'I64' || ends?.dtype !== 'I64') throw new Error('the fixture has no captions');
  return {
    ids: { dtype: 'i32', shape: ids.shape, data: ids.data },
    lengths: { dtype: 'i32', shape: ends.shape, data: ends.data.map((position) => position + 1) },
    weights: stored(fixture, 'input.loss_weights'),
    ...inOurLayout(state, fixture.group('param'), CLIP_TEXT_HF),
  };
}

/** The rows of `out.last_hidden_state` at the captions' ends. */
function pooledRows(fixture: Fixture): HostTensor {
  const hidden = fixture.float64('out.last_hidden_state').data;
  const ends = [...(fixture.tensors.get('input.eos_positions')?.data ?? [])];
  const rows = ends.map((end, b) => {
    const start = (b * LENGTH + end) * CLIP.width;
    return [...hidden.subarray(start, start + CLIP.width)];
  });
  return float64(Float64Array.from(rows.flat()), [BATCH, CLIP.width]);
}

/** `out.text_embeds` with rows of length 1. */
function unitRows(fixture: Fixture): HostTensor {
  const { data, shape } = fixture.float64('out.text_embeds');
  const norms = Array.from({ length: BATCH }, (_, b) =>
    Math.hypot(...data.subarray(b * JOINT, (b + 1) * JOINT)),
  );
  return float64(
    data.map((value, i) => value / (norms[Math.floor(i / JOINT)] as number)),
    shape,
  );
}

describe('Hugging Face CLIPTextModelWithProjection in float64', () => {
  const fixture = readFixture('clip_text_tiny');
  const model = clipText();
  const given = inputs(fixture, model);
  const names = model.state.map(({ name }) => name);
  const differentiated = withGradients(model.program, names);
  const gradients = asGradients(inOurLayout(model.state, fixture.group('grad'), CLIP_TEXT_HF));

  it('has the hidden state of every block', () => {
    const want = Object.fromEntries(
      [0, 1].map((i) => [lastValue(model.program, `text.${i}`), stored(fixture, `out.layer.${i}`)]),
    );
    const got = interpret(model.program, given, { observe: Object.keys(want) });
    expect(worstDifference(got, want)).toBeLessThan(EXACT);
  });

  it('has the last hidden state at the first end token, the embedding and the loss', () => {
    const want = {
      pooled: pooledRows(fixture),
      text_embeds: stored(fixture, 'out.text_embeds'),
      loss: stored(fixture, 'out.loss'),
    };
    expect(worstDifference(interpret(model.program, given), want)).toBeLessThan(EXACT);
  });

  it('has its embedding of length 1 behind the projection of the method', () => {
    const unit = clipText(CLIP, 'unit');
    expect(unit.state).toEqual(model.state);
    const got = interpret(unit.program, given);
    expect(worstDifference(got, { unit: unitRows(fixture) })).toBeLessThan(EXACT);
  });

  it('has its gradients', () => {
    expect(Object.keys(gradients)).toHaveLength(names.length);
    expect(worstDifference(interpret(differentiated, given), gradients)).toBeLessThan(EXACT);
  });

  it('gives key biases no gradient but rounding noise, as theirs', () => {
    // A key bias adds one number to all scores of a query, which the softmax ignores.
    const got = interpret(differentiated, given);
    const biases = names.filter((name) => name.endsWith('.attn.k.bias'));
    expect(biases).toHaveLength(CLIP.depth);
    for (const side of [got, gradients] satisfies Named<HostTensor>[]) {
      for (const name of biases) {
        const values = side[`grad.${name}`]?.data ?? [Number.NaN];
        expect(Math.max(...values.map(Math.abs)), name).toBeLessThan(1e-13);
      }
    }
  });

  it.each<[string, Partial<TextEncoderConfig>]>([
    ['full attention', { attention: 'full' }],
    ['the exact GELU', { activation: 'gelu' }],
    ['the first token', { pool: 'first' }],
    ['an eps of 1e-3', { normEps: 1e-3 }],
  ])('misses by far with %s', (_, change) => {
    const got = interpret(clipText({ ...CLIP, ...change }).program, given);
    const want = { text_embeds: stored(fixture, 'out.text_embeds') };
    expect(worstDifference(got, want)).toBeGreaterThan(1e-4);
  });
});
