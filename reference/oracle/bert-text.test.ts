import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  BERT_HF,
  DISTILBERT_HF,
  type Layout,
  type Model,
  ModelBuilder,
  mul,
  sum,
  type TextEncoderConfig,
  textEncoder,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual, outputsAndGradients } from './compare.js';
import { inOurLayout } from './load-state.js';
import { type Fixture, readFixture } from './read-fixture.js';

const [BATCH, LENGTH] = [3, 7] as const;

const DISTILBERT: TextEncoderConfig = {
  vocabulary: 23,
  length: 9,
  width: 12,
  depth: 2,
  heads: 3,
  mlpRatio: 2.5,
  normEps: 1e-12,
  keyBias: true,
  norms: 'after',
  embeddingNorm: true,
};

/** The embeddings of captions, and the fixture's `loss` of them. */
function bertText(config: TextEncoderConfig): Model {
  const model = new ModelBuilder('bert_text', 'f64');
  const ids = model.program.input('ids', 'i32', [BATCH, LENGTH], 'data');
  const lengths = model.program.input('lengths', 'i32', [BATCH], 'data');
  const pooled = textEncoder(model, ids, lengths, config);
  const weights = model.program.input('weights', 'f64', [BATCH, config.width], 'data');
  model.program.output('pooled', pooled);
  model.program.output('loss', sum(mul(pooled, weights)));
  return model.finish();
}

function inputs(fixture: Fixture, { state }: Model, layout: Layout): Named<HostTensor> {
  const given = (name: string): HostTensor => asInput(fixture.tensors.get(name) as HostTensor);
  return {
    ids: given('input.ids'),
    lengths: given('input.lengths'),
    weights: given('input.loss_weights'),
    ...inOurLayout(state, fixture.group('param'), layout),
  };
}

/** The first tokens of a hidden state. */
function firstRows(fixture: Fixture): readonly number[] {
  const { data } = fixture.float64('out.last_hidden_state');
  const row = LENGTH * DISTILBERT.width;
  return Array.from({ length: BATCH }, (_, b) => [
    ...data.subarray(b * row, b * row + DISTILBERT.width),
  ]).flat();
}

describe.each<[string, string, TextEncoderConfig, Layout]>([
  ['DistilBertModel', 'distilbert_tiny', DISTILBERT, DISTILBERT_HF],
  ['BertModel', 'bert_tiny', { ...DISTILBERT, segments: 2 }, BERT_HF],
])('Hugging Face %s in float64', (_, file, config, layout) => {
  const fixture = readFixture(file);
  const model = bertText(config);
  const given = inputs(fixture, model, layout);

  it('has the embeddings behind their norm, and the hidden state of every block', () => {
    const norms = ['embed.norm', '0.norm2', '1.norm2'];
    const blocks = norms.map((norm) => `text.${norm}.layer_norm.y`);
    const got = interpret(model.program, given, { observe: blocks });
    ['embeddings', 'layer.0', 'layer.1'].forEach((theirs, i) => {
      const name = blocks[i] ?? '';
      expectEqual(name, got[name]?.data, fixture.float64(`out.${theirs}`).data);
    });
  });

  it('has the first token and the loss', () => {
    const got = interpret(model.program, given);
    expectEqual('pooled', got.pooled?.data, firstRows(fixture));
    expectEqual('loss', got.loss?.data, fixture.float64('out.loss').data);
  });

  it('has its gradients', () => {
    const names = model.state.map(({ name }) => name);
    const { gradients } = outputsAndGradients(model, given, names);
    const want = inOurLayout(model.state, fixture.group('grad'), layout);
    for (const name of names) expectEqual(name, gradients[name], want[name]?.data ?? []);
  });

  it.each<[string, Partial<TextEncoderConfig>]>([
    ['an eps of 1e-3', { normEps: 1e-3 }],
    ['GELU as CLIP has it', { activation: 'quick-gelu' }],
    ['the last token', { pool: 'last' }],
    ['causal attention', { attention: 'causal' }],
  ])('misses by far with %s', (_name, change) => {
    const { pooled } = interpret(bertText({ ...config, ...change }).program, given);
    expect(() => {
      expectEqual('pooled', pooled?.data, firstRows(fixture), 1e-4);
    }).toThrow('worst difference');
  });

  it('misses by far where padding is seen', () => {
    const all = { dtype: 'i32', shape: [BATCH], data: Int32Array.of(7, 7, 7) } as const;
    const { pooled } = interpret(model.program, { ...given, lengths: all });
    expect(() => {
      expectEqual('pooled', pooled?.data, firstRows(fixture), 1e-4);
    }).toThrow('worst difference');
  });
});
