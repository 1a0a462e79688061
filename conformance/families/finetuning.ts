import fc from 'fast-check';
import {
  clipGradients,
  dropElements,
  dropRows,
  layerScale,
  mergeViews,
  mixClips,
  movedAverage,
  softCrossEntropy,
  softTargets,
} from '../../spec/index.js';
import { ADAMW, layerNorm, linear, mean, type Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family } from '../case.js';
import { correction, learningRate, probability } from '../generators/domains.js';
import { draw, positiveExtent, regime } from '../generators/draws.js';
import { lossAndGradients } from './loss-cases.js';

const content = { regime, draw };
const level = 3;
/** A drawn number: uniform, or the share of a mix. */
const drawn = { regime: 'normal', domain: probability } as const;

const mix = family(
  'finetuning/mix',
  fc.record({
    batch: fc.constantFrom(1, 2, 3, 4),
    frames: fc.constantFrom(1, 2),
    size: fc.constantFrom(2, 3, 5, 8),
    ...content,
  }),
  ({ batch, frames, size, ...data }) =>
    buildCase(
      'mix_clips',
      {
        clips: { shape: [batch, frames, size, size, 3] },
        weights: { shape: [size, size], ...drawn },
      },
      data,
      ({ clips, weights }) => ({ mixed: mixClips(clips, weights) }),
    ),
  { level, clauses: ['finetuning.mix'] },
);

const labelled = {
  batch: fc.constantFrom(1, 2, 3, 4, 9),
  classes: fc.constantFrom(2, 3, 5, 17),
  smoothing: fc.constantFrom(0, 0.1, 0.25),
};

const targets = family(
  'finetuning/targets',
  fc.record({ ...labelled, ...content }),
  ({ batch, classes, smoothing, ...data }) =>
    buildCase(
      'soft_targets',
      {
        labels: { dtype: 'i32', shape: [batch], below: classes },
        share: { shape: [], ...drawn },
      },
      data,
      ({ labels, share }) => ({ targets: softTargets(labels, classes, smoothing, share) }),
    ),
  { level, clauses: ['finetuning.targets'] },
);

const loss = family(
  'finetuning/loss',
  fc.record({ ...labelled, ...content }),
  ({ batch, classes, smoothing, ...data }) =>
    lossAndGradients(
      'soft_cross_entropy',
      {
        logits: { shape: [batch, classes] },
        labels: { dtype: 'i32', shape: [batch], below: classes },
        share: { shape: [], ...drawn },
      },
      ['logits'],
      data,
      ({ logits, labels, share }) =>
        softCrossEntropy(logits, labels, softTargets(labels, classes, smoothing, share)),
    ),
  {
    level,
    clauses: ['finetuning.loss'],
    exemption: {
      judged: 0.95,
      judgedOfRoundedFactors: 0.75,
      reason: 'gradients of logits far apart cancel to their rounding error',
    },
  },
);

const rate = fc.constantFrom(0.1, 0.125, 0.25, 0.5, 0.875);
/** In eighths, so that some are equal to a rate. */
const eighths = {
  regime: 'normal',
  domain: (x: number) => Math.floor(8 * probability(x)) / 8,
} as const;

const dropPath = family(
  'finetuning/drop_path',
  fc.record({
    batch: positiveExtent,
    tokens: fc.constantFrom(1, 3),
    width: positiveExtent,
    rate,
    ...content,
  }),
  ({ batch, tokens, width, rate: own, ...data }) =>
    buildCase(
      'drop_path',
      {
        x: { shape: [batch, tokens, width] },
        uniform: { shape: [batch], ...eighths },
        elements: { shape: [batch, tokens, width], ...eighths },
      },
      data,
      ({ x, uniform, elements }) => ({
        rows: dropRows(x, uniform, own),
        single: dropElements(x, elements, own),
      }),
    ),
  { level, clauses: ['finetuning.drop_path'] },
);

const head = family(
  'finetuning/head',
  fc.record({
    batch: fc.constantFrom(1, 2, 5),
    tokens: positiveExtent,
    width: fc.constantFrom(2, 3, 8, 17),
    classes: fc.constantFrom(2, 5),
    ...content,
  }),
  ({ batch, tokens, width, classes, ...data }) =>
    buildCase(
      'classifier_head',
      {
        tokens: { shape: [batch, tokens, width] },
        gamma: { shape: [width], regime: 'normal' },
        beta: { shape: [width], regime: 'normal' },
        weight: { shape: [classes, width], regime: 'normal' },
        bias: { shape: [classes], regime: 'normal' },
      },
      data,
      ({ tokens: all, gamma, beta, weight, bias }) => ({
        logits: linear(layerNorm(mean(all, [1]), gamma, beta, 1e-6), weight, bias),
      }),
    ),
  {
    level,
    clauses: ['finetuning.head'],
    exemption: {
      judged: 0.95,
      judgedOfRoundedFactors: 0.6,
      reason: 'where the pooled tokens are nearly equal, their norm is made of rounding errors',
    },
  },
);

const layers = family(
  'finetuning/layer_decay',
  fc.record({
    size: positiveExtent,
    depth: fc.constantFrom(1, 3, 12),
    decay: fc.constantFrom(0.65, 0.7, 0.75, 1),
    ...content,
  }),
  ({ size, depth, decay, ...data }) => {
    const scalar = { shape: [], regime: 'normal' } as const;
    return buildCase(
      'layer_decay',
      {
        p: { shape: [size], regime: 'normal' },
        m: { shape: [size] },
        v: { shape: [size], domain: (x) => Math.fround(x * x) },
        g: { shape: [size] },
        lr: { ...scalar, domain: learningRate },
        c1: { ...scalar, domain: correction },
        c2: { ...scalar, domain: correction },
      },
      data,
      ({ p, m, v, g, lr, c1, c2 }, builder) => {
        const updated = (layer: number): Value =>
          builder.call(ADAMW, [p, m, v, g, lr, c1, c2], {
            ...{ beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.05 },
            lr_scale: layerScale(decay, layer, depth),
          })[0] as Value;
        return { embeddings: updated(0), block: updated(1), head: updated(depth + 1) };
      },
    );
  },
  { level, clauses: ['finetuning.layer_decay'] },
);

const average = family(
  'finetuning/average',
  fc.record({ size: positiveExtent, decay: fc.constantFrom(0.5, 0.99, 0.9999), ...content }),
  ({ size, decay, ...data }) =>
    buildCase(
      'moved_average',
      { average: { shape: [size] }, parameter: { shape: [size] } },
      data,
      ({ average: before, parameter }) => ({ next: movedAverage(before, parameter, decay) }),
    ),
  { level, clauses: ['finetuning.average'] },
);

const clip = family(
  'finetuning/clip',
  fc.record({
    rows: positiveExtent,
    columns: positiveExtent,
    // The smallest is as small as what keeps the factor finite.
    most: fc.constantFrom(1e-6, 0.02, 1, 5),
    ...content,
  }),
  ({ rows, columns, most, ...data }) =>
    buildCase(
      'clip_gradients',
      { matrix: { shape: [rows, columns] }, vector: { shape: [columns] } },
      data,
      ({ matrix, vector }) =>
        Object.fromEntries(clipGradients(new Map(Object.entries({ matrix, vector })), most)),
    ),
  { level, clauses: ['finetuning.clip'] },
);

const views = family(
  'finetuning/views',
  fc.record({
    count: fc.constantFrom(1, 2, 6, 15),
    classes: fc.constantFrom(2, 5, 17),
    ...content,
  }),
  ({ count, classes, ...data }) =>
    buildCase('merge_views', { logits: { shape: [count, classes] } }, data, ({ logits }) => ({
      probabilities: mergeViews(logits),
    })),
  { level, clauses: ['finetuning.views'] },
);

/** What fine-tuning adds to a model, a loss and an update; every random number comes in. */
export const FINETUNING_FAMILIES: readonly Family[] = [
  mix,
  targets,
  loss,
  dropPath,
  head,
  layers,
  average,
  clip,
  views,
];
