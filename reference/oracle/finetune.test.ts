import { describe, expect, it } from 'vitest';
import type { HostTensor, Named } from '../../core/backend.js';
import { oneCallPlan } from '../../core/plan/index.js';
import {
  averageName,
  type ClassifierConfig,
  classifierModel,
  cutmixBox,
  elementCount,
  type Layout,
  type Mix,
  mixWeights,
  momentName,
  type Program,
  shareOutside,
  viewMergeModel,
  withLayerDecay,
} from '../../spec/index.js';
import { entry, layer } from '../../spec/model/layouts/entries.js';
import { interpret } from '../interpret.js';
import { asInput, expectEqual } from './compare.js';
import { inOurLayout } from './load-state.js';
import { readFixture } from './read-fixture.js';

const block = 'encoder.{i}';
const theirs = 'blocks.{i}';
const LAYOUT: Layout = {
  name: 'videomae-classifier',
  notes: [],
  entries: [
    entry('encoder.patch.weight', 'patch_embed.weight', 'conv3d'),
    entry('encoder.patch.bias', 'patch_embed.bias'),
    ...layer(`${block}.norm1`, `${theirs}.norm1`),
    ...layer(`${block}.attn.q`, `${theirs}.q`),
    entry(`${block}.attn.k.weight`, `${theirs}.k.weight`),
    ...layer(`${block}.attn.v`, `${theirs}.v`),
    ...layer(`${block}.attn.proj`, `${theirs}.proj`),
    ...layer(`${block}.norm2`, `${theirs}.norm2`),
    ...layer(`${block}.mlp.fc1`, `${theirs}.fc1`),
    ...layer(`${block}.mlp.fc2`, `${theirs}.fc2`),
    ...layer('classifier.norm', 'fc_norm'),
    ...layer('classifier.head.label', 'head'),
  ],
};

const fixture = readFixture('finetune');
const given = JSON.parse(fixture.metadata.get('config') ?? '{}') as {
  readonly video: ClassifierConfig['video'];
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly classes: number;
  readonly rates: readonly number[];
  readonly layer_decay: number;
  readonly drop_path: number;
  readonly dropout: number;
  readonly smoothing: number;
  readonly average: number;
  readonly clip: number;
  readonly mixes: readonly (readonly [number, readonly [number, number] | null])[];
};
const ADAMW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.05 };
const { video, width, depth, heads, classes } = given;
const config: ClassifierConfig = {
  video,
  encoder: { width, depth, heads },
  heads: [{ name: 'label', classes }],
};
const frames = fixture.tensors.get('input.frames') as HostTensor;
const [batch = 0] = frames.shape;

/** What was drawn for a step, by our rules from their draws. */
function mixOf(step: number): Mix {
  const [share, centre] = given.mixes[step] as (typeof given.mixes)[number];
  if (centre === null) return { share };
  const box = cutmixBox(video.size, share, ...centre);
  return { share: shareOutside(box, video.size), box };
}

function feeds(step: number): Named<HostTensor> {
  const mix = mixOf(step);
  const rows = (name: string): HostTensor => {
    const { shape, data } = fixture.float64(name);
    const own = shape.slice(1);
    const count = elementCount(own);
    return { dtype: 'f64', shape: own, data: data.slice(step * count, (step + 1) * count) };
  };
  const double = (shape: readonly number[], data: ArrayLike<number>): HostTensor => ({
    dtype: 'f64',
    shape,
    data: Float64Array.from(data),
  });
  // In float64: what mixWeights has as float32 is the share itself here.
  const weights = Float64Array.from(mixWeights(mix, video.size), (weight) =>
    weight === 0 || weight === 1 ? weight : mix.share,
  );
  const labels = fixture.tensors.get('input.labels')?.data as ArrayLike<number | bigint>;
  return {
    frames: asInput(frames),
    'labels.label': { dtype: 'i32', shape: [batch], data: Int32Array.from(labels, Number) },
    'drop_path.uniform': rows('input.drop_path'),
    'dropout.uniform': rows('input.dropout'),
    'mix.weights': double([video.size, video.size], weights),
    'mix.share': double([], [mix.share]),
    'encoder.positions': double(
      fixture.float64('buffer.positions').shape.slice(1),
      fixture.float64('buffer.positions').data,
    ),
    'schedule.lr': double([], [given.rates[step] ?? 0]),
    'schedule.correction1': double([], [1 - ADAMW.beta1 ** (step + 1)]),
    'schedule.correction2': double([], [1 - ADAMW.beta2 ** (step + 1)]),
  };
}

interface Changes {
  readonly layerDecay?: number;
  readonly dropPath?: number;
  readonly smoothing?: number;
}

/** Three steps by our plan, in float64. */
function train({ layerDecay = given.layer_decay, ...changes }: Changes = {}): {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly state: Named<HostTensor>;
  readonly parameters: readonly string[];
} {
  const training = {
    smoothing: given.smoothing,
    mixes: true,
    dropPath: given.drop_path,
    dropout: given.dropout,
    ...changes,
  };
  const made = classifierModel(config, { batch }, training, 'f64');
  const model = { ...made, state: withLayerDecay(made.state, layerDecay, depth) };
  const plan = oneCallPlan(model, {
    optimizer: ADAMW,
    gradientNorm: true,
    clipNorm: given.clip,
    average: given.average,
    float: 'f64',
  });
  const specs = model.state;
  const first = inOurLayout(specs, fixture.group('param'), LAYOUT);
  let state: Named<HostTensor> = {
    ...first,
    ...Object.fromEntries(
      specs.flatMap(({ name, shape }) => [
        ...(['m', 'v'] as const).map((moment): [string, HostTensor] => [
          momentName(moment, name),
          { dtype: 'f64', shape, data: new Float64Array(elementCount(shape)) },
        ]),
        [averageName(name), first[name] as HostTensor] as [string, HostTensor],
      ]),
    ),
  };
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 0; step < given.rates.length; step++) {
    const outputs = interpret(plan.programs.step as Program, { ...feeds(step), ...state });
    losses.push(outputs.loss?.data[0] ?? Number.NaN);
    norms.push(outputs.grad_norm?.data[0] ?? Number.NaN);
    state = Object.fromEntries(plan.state.map(({ name }) => [name, outputs[name] as HostTensor]));
  }
  return { losses, norms, state, parameters: specs.map(({ name }) => name) };
}

describe('fine-tuning in PyTorch, by the rules of VideoMAE and timm, in float64', () => {
  const own = train();

  it('has the losses, the gradient norms and the shares of three steps', () => {
    expectEqual('losses', own.losses, fixture.float64('out.losses').data);
    expectEqual('norms', own.norms, fixture.float64('out.norms').data);
    const shares = given.mixes.map((_, step) => mixOf(step).share);
    expectEqual('shares', shares, fixture.float64('out.shares').data, 1e-15);
  });

  it.each([
    ['step3', (name: string) => name],
    ['average3', averageName],
  ])('has the weights after them: %s', (prefix, nameOf) => {
    const shapes = own.parameters.map((name) => ({ name, shape: own.state[name]?.shape ?? [] }));
    const expected = inOurLayout(shapes, fixture.group(prefix), LAYOUT);
    for (const [name, { data }] of Object.entries(expected))
      expectEqual(name, own.state[nameOf(name)]?.data, data);
  });

  it('would tell another layer decay, drop path or smoothing', () => {
    const wanted = fixture.float64('out.losses').data;
    for (const change of [{ layerDecay: 0.75 }, { dropPath: 0.3 }, { smoothing: 0.05 }]) {
      const { losses } = train(change);
      expect(Math.abs((losses[2] ?? 0) - (wanted[2] ?? 0))).toBeGreaterThan(1e-7);
    }
  });

  it('merges views by the mean of their softmax', () => {
    const views = fixture.float64('input.views');
    const [count = 0] = views.shape;
    const { program } = viewMergeModel(count, classes, 'f64');
    const outputs = interpret(program, { logits: views });
    expectEqual('views', outputs.probabilities?.data, fixture.float64('out.views').data, 1e-14);
  });
});
