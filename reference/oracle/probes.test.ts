import { describe, expect, it } from 'vitest';
import { differentiate } from '../../core/autodiff/differentiate.js';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  attentivePooling,
  crossEntropy,
  larsStep,
  linear,
  ModelBuilder,
  mean,
  ProgramBuilder,
  type StateSpec,
} from '../../spec/index.js';
import { interpret } from '../interpret.js';
import { expectEqual } from './compare.js';
import { type Fixture, readFixture } from './read-fixture.js';

const tensor = (shape: readonly number[], data: Float64Array): HostTensor => ({
  dtype: 'f64',
  shape,
  data,
});

describe("MAE's LARS in float64", () => {
  const fixture = readFixture('lars');
  const rates = fixture.float64('input.lr').data;
  it.each(
    ['0', '0.05'].flatMap((decay) => ['weight', 'bias', 'zeros'].map((name) => [name, decay])),
  )('has the parameters and momenta of five steps: %s, decay %s', (name = '', decay = '') => {
    const history = fixture.float64(`out.decay${decay}.${name}`);
    const momenta = fixture.float64(`out.decay${decay}.${name}.mu`);
    const gradients = fixture.float64(`input.${name === 'bias' ? 'bias' : 'weight'}_grads`);
    const shape = history.shape.slice(1);
    const size = shape.reduce((a, b) => a * b, 1);
    const builder = new ProgramBuilder('lars', { float: 'f64' });
    const [p, mu, g] = ['p', 'mu', 'g'].map((each) => builder.input(each, 'f64', shape, 'data'));
    const lr = builder.input('lr', 'f64', [], 'data');
    if (p === undefined || mu === undefined || g === undefined)
      throw new Error('an input is missing');
    const attributes = {
      momentum: 0.9,
      trust: 0.001,
      decay: Number(decay),
      scaled: shape.length > 1,
    };
    const [next, moved] = larsStep([p, mu, g, lr], attributes);
    builder.output('p', next);
    builder.output('mu', moved);
    const program = builder.finish();
    const row = (of: Float64Array, step: number): Float64Array =>
      of.slice(step * size, (step + 1) * size);
    let state: Named<HostTensor> = {
      p: tensor(shape, row(history.data, 0)),
      mu: tensor(shape, new Float64Array(size)),
    };
    for (let step = 0; step < rates.length; step++) {
      state = interpret(program, {
        ...state,
        g: tensor(shape, row(gradients.data, step)),
        lr: tensor([], rates.slice(step, step + 1)),
      });
      expectEqual(`p after step ${step + 1}`, state.p?.data, row(history.data, step + 1));
      expectEqual(`mu after step ${step + 1}`, state.mu?.data, row(momenta.data, step));
    }
    // Something moved, by more than the bound of the comparison.
    expect(row(history.data, 5)).not.toEqual(row(history.data, 0));
  });
});

describe("V-JEPA 2's attentive classifier in float64", () => {
  const fixture = readFixture('attentive_probe');
  const { heads, depth: blocks } = JSON.parse(fixture.metadata.get('config') ?? '{}') as {
    readonly heads: number;
    readonly depth: number;
  };

  it('has our pooled vectors, logits, loss and gradients', () => {
    const tokens = fixture.float64('input.tokens');
    const [clips = 0, , width = 0] = tokens.shape;
    const model = new ModelBuilder('attentive', 'f64');
    const { program } = model;
    const x = program.input('features', 'f64', tokens.shape, 'data');
    const labels = program.input('labels', 'i32', [clips], 'data');
    const pooled = attentivePooling(model, x, { heads, blocks });
    const start = { kind: 'constant', value: 0 } as const;
    const weight = model.parameter('weight', [4, width], start);
    const logits = linear(pooled, weight, model.parameter('bias', [4], start));
    program.output('pooled', pooled);
    program.output('logits', logits);
    program.output('loss', mean(crossEntropy(logits, labels)));
    const { program: forward, state } = model.finish();
    const { builder, gradients } = differentiate(
      forward,
      'loss',
      state.map(({ name }) => name),
    );
    for (const [name, value] of gradients) builder.output(`gradient.${name}`, value);
    const outputs = interpret(builder.finish(), {
      features: tokens,
      labels: {
        dtype: 'i32',
        shape: [clips],
        data: Int32Array.from(fixture.tensors.get('input.labels')?.data ?? []),
      },
      ...parametersOf(fixture, state, 'param'),
    });
    for (const name of ['pooled', 'logits', 'loss']) {
      expectEqual(name, outputs[name]?.data, fixture.float64(`out.${name}`).data);
    }
    for (const [name, { data }] of Object.entries(parametersOf(fixture, state, 'grad'))) {
      expectEqual(`gradient of ${name}`, outputs[`gradient.${name}`]?.data, data as Float64Array);
    }
  });
});

/** Their tensors under our names. */
function parametersOf(
  fixture: Fixture,
  state: readonly StateSpec[],
  prefix: string,
): Named<HostTensor> {
  return Object.fromEntries(
    state.map(({ name, shape }) => {
      const [their, part, parts] = theirName(name);
      const { data } = fixture.float64(`${prefix}.${their}`);
      const size = data.length / parts;
      return [name, tensor(shape, data.slice(part * size, (part + 1) * size))];
    }),
  );
}

/** The name of V-JEPA 2's tensor, and which of how many equal parts of it is ours. */
function theirName(name: string): readonly [name: string, part: number, parts: number] {
  if (name === 'query') return ['pooler.query_tokens', 0, 1];
  if (name === 'weight' || name === 'bias') return [`linear.${name}`, 0, 1];
  const [, self = '', kind = ''] = /^(blocks\.\d+\.attn)\.([qkv])\./.exec(name) ?? [];
  const last = name.split('.').at(-1);
  if (self !== '') return [`pooler.${self}.qkv.${last}`, 'qkv'.indexOf(kind), 3];
  if (name.startsWith('blocks.')) return [`pooler.${name}`, 0, 1];
  const pool = name.replace(/^pool\./, 'pooler.cross_attention_block.');
  const [, part = ''] = /^pool\.([qkv])\./.exec(name) ?? [];
  if (part === 'q') return [pool.replace('.q.', '.xattn.q.'), 0, 1];
  if (part !== '') return [pool.replace(`.${part}.`, '.xattn.kv.'), 'kv'.indexOf(part), 2];
  return [pool, 0, 1];
}
