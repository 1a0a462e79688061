import fc from 'fast-check';
import {
  attentivePooling,
  batchNormLayer,
  featureCosines,
  larsStep,
  ModelBuilder,
  neighbourVotes,
} from '../../spec/index.js';
import type { Shape, Value } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Case, type Family, family, type ProgramCase } from '../case.js';
import { learningRate } from '../generators/domains.js';
import { draw, positiveExtent, regime, shape } from '../generators/draws.js';
import type { Regime } from '../generators/regimes.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { stepInputs } from '../steps/tiny-step.js';

const level = 3;
const content = { regime, draw };

// A type and no interface: parameters of cases are plain data, which interfaces do not promise.
type LarsDrawn = {
  readonly shape: Shape;
  readonly momentum: number;
  readonly trust: number;
  readonly decay: number;
  readonly scaled: number;
  /** Of parameter and gradient: at times one of them is all zeros, and nothing is scaled then. */
  readonly sizes: readonly [number, number];
  readonly regime: Regime;
  readonly draw: number;
};

function larsCase({
  shape: whole,
  momentum,
  trust,
  decay,
  scaled,
  sizes: [own, its],
  ...data
}: LarsDrawn): Case {
  return buildCase(
    'lars',
    {
      p: { shape: whole, regime: 'normal', domain: (x) => x * own },
      mu: { shape: whole },
      g: { shape: whole, regime: 'normal', domain: (x) => x * its },
      lr: {
        shape: [],
        regime: 'normal',
        domain: (x) => Math.fround(1000 * learningRate(x)),
      },
    },
    data,
    ({ p, mu, g, lr }) => {
      const attributes = { momentum, trust, decay, scaled: scaled === 1 };
      const [next, moved] = larsStep([p, mu, g, lr], attributes);
      return { p: next, mu: moved };
    },
  );
}

const larsParameters = {
  shape: shape(1, 2, positiveExtent),
  momentum: fc.constantFrom(0.9, 0.5),
  trust: fc.constantFrom(0.001, 0.25),
  scaled: fc.constantFrom(1, 1, 0),
  sizes: fc.constantFrom<[number, number]>([1, 1], [1, 1], [0, 1], [1, 0]),
  ...content,
};

const lars = family(
  'probe/lars',
  fc.record({ ...larsParameters, decay: fc.constant(0) }),
  larsCase,
  { level, clauses: ['optim.lars'] },
);

const larsDecay = family(
  'probe/lars_decay',
  fc.record({ ...larsParameters, decay: fc.constantFrom(0.125, 0.5) }),
  larsCase,
  { level, clauses: ['optim.lars'] },
);

/** A case of a layer with parameters and statistics, judged by the spread of legal runs. */
function layerCase(
  name: string,
  x: Shape,
  draws: number,
  layer: (model: ModelBuilder, x: Value) => Value,
): ProgramCase {
  const model = new ModelBuilder(name);
  model.program.output('y', layer(model, model.program.input('x', 'f32', x, 'data')));
  const { program, state } = model.finish();
  const runs = [0, 1].map((run) =>
    stepInputs(program, state, { batch: 1, visible: 1, draw: draws, run }),
  );
  const expected: Case['expected'] = (inputs, contract) => spreadBounds(program, inputs, contract);
  return { program, runs, expected };
}

const batchNorm = family(
  'probe/batch_norm',
  fc.record({
    mode: fc.constantFrom<'train' | 'evaluate'>('train', 'evaluate'),
    rows: fc.constantFrom(2, 3, 7, 16),
    width: fc.constantFrom(2, 3, 8),
    draw,
  }),
  ({ mode, rows, width, draw: address }) =>
    layerCase('plain_batch_norm', [rows, width], address, (model, x) =>
      batchNormLayer(model, 'norm', x, mode, { eps: 1e-6, affine: false }),
    ),
  { level, clauses: ['model.batch_norm.plain'], most: 12 },
);

const pooling = family(
  'probe/attentive_pooling',
  fc.record({
    clips: fc.constantFrom(1, 3),
    tokens: fc.constantFrom(3, 5),
    heads: fc.constantFrom(2, 3),
    blocks: fc.constantFrom(1, 2),
    draw,
  }),
  ({ clips, tokens, heads, blocks, draw: address }) =>
    layerCase('attentive_pooling', [clips, tokens, 6], address, (model, x) =>
      attentivePooling(model, x, { heads, blocks }),
    ),
  { level, clauses: ['model.attentive_pooling'], most: 12 },
);

const votes = family(
  'probe/neighbour_votes',
  fc.record({
    // Never 1 of anything: programs then differ, and a mistake in one says nothing of another.
    queries: fc.constantFrom(2, 3, 5),
    count: fc.constantFrom(2, 5, 10),
    classes: fc.constantFrom(2, 3, 7),
    draw,
  }),
  ({ queries, count, classes, draw: address }) =>
    buildCase(
      'neighbour_votes',
      {
        similarity: { shape: [queries, count], domain: (x) => Math.fround(Math.sin(x)) },
        labels: { dtype: 'i32', shape: [queries, count], below: classes },
      },
      { regime: 'normal', draw: address },
      ({ similarity, labels }) => ({ votes: neighbourVotes(similarity, labels, classes) }),
    ),
  { level, clauses: ['evaluation.neighbours'] },
);

const cosines = family(
  'probe/cosines',
  fc.record({
    queries: fc.constantFrom(3, 5),
    bank: fc.constantFrom(2, 4, 7),
    width: fc.constantFrom(2, 3, 8, 17),
    // Some are so short that the eps of the norm counts.
    size: fc.constantFrom(1, 1, 2 ** -42),
    draw,
  }),
  ({ queries, bank, width, size, draw: address }) =>
    buildCase(
      'feature_cosines',
      {
        queries: { shape: [queries, width], domain: (x) => x * size },
        bank: { shape: [bank, width], domain: (x) => x * size },
      },
      { regime: 'normal', draw: address },
      (values) => ({ similarity: featureCosines(values.queries, values.bank) }),
    ),
  { level, clauses: ['evaluation.neighbours'] },
);

/** What probes of a frozen encoder are made of. */
export const PROBE_FAMILIES: readonly Family[] = [
  lars,
  larsDecay,
  batchNorm,
  pooling,
  cosines,
  votes,
];
