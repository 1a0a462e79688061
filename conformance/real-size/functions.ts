import { targets, toUnitRange } from '../../spec/index.js';
import type { InfoNceDrawn, MaeDrawn } from '../families/loss-cases.js';
import { integers, judging } from '../functions/exact.js';
import {
  captionsFunction,
  infoNceFunction,
  lossOfMaeFunction,
  maeFunction,
} from '../functions/losses.js';
import { type CropDrawn, cropCase } from '../functions/maps.js';
import { type TubeDrawn, topkCase, tubeCase } from '../functions/masks.js';
import { type PatchifyDrawn, patchifyCase } from '../functions/pixels.js';
import { type ResizeDrawn, resizeCase, type StartDrawn, startCase } from '../functions/starts.js';
import { type StepDrawn, stepCase } from '../functions/step.js';
import { type TextTowerDrawn, textTowerCase } from '../functions/towers.js';
import { ADAMW_INPUTS, updated } from './adamw.js';
import { HIDDEN, VOCABULARY, WIDTH } from './content.js';
import { type SizedFamily, type Sizes, sizedFamily } from './sized-family.js';
import { stretchedCase } from './stretched-case.js';

type Drawn<P> = { readonly [K in keyof P]: P[K] };
/** What is chosen of a case: all but the address of its data. */
type Chosen<P> = Omit<Drawn<P>, 'draw'>;

const level = 3;

/** The grid of a clip of 16 frames of 224 x 224 pixels in cubes of 2 x 16 x 16. */
const CLIP = { slots: 8, rows: 14, columns: 14 };

type Tube = Drawn<Pick<TubeDrawn, keyof TubeDrawn>>;
const address = { seed: 7, epoch: 0, replicate: 0 };

/**
 * Masks by built addresses. At these samples an integer draw rejects a word, which happens once in
 * 100,000 masks of this size and shifts all draws that follow. Of the ratios one is such that its product
 * with the number of places rounds to another integer in float32 than in float64.
 */
const tube = sizedFamily(
  'real/mask.tube',
  {
    gate: [
      { ...CLIP, ratio: 0.25, rounding: 'floor-masked', ...address, sample: 303_841 },
      {
        ...CLIP,
        rows: 28,
        columns: 28,
        ratio: 0.5,
        rounding: 'floor-masked',
        ...address,
        sample: 43_931,
      },
      {
        ...CLIP,
        rows: 56,
        columns: 56,
        ratio: 0.75,
        rounding: 'floor-visible',
        ...address,
        sample: 15_993,
      },
      ...(['floor-visible', 'floor-visible-at-least-one'] as const).flatMap((rounding) => [
        { slots: 2, rows: 2, columns: 5, ratio: 0.6, rounding, ...address, sample: 1 },
        { slots: 1, rows: 4, columns: 5, ratio: 0.9, rounding, ...address, sample: 2 },
        { slots: 1, rows: 10, columns: 10, ratio: 0.34, rounding, ...address, sample: 3 },
      ]),
      {
        slots: 2,
        rows: 10,
        columns: 10,
        ratio: 0.58,
        rounding: 'floor-masked',
        ...address,
        sample: 4,
      },
      {
        slots: 1,
        rows: 2,
        columns: 5,
        ratio: 0.9,
        rounding: 'floor-masked',
        ...address,
        sample: 5,
      },
    ],
  } satisfies Sizes<Tube>,
  ({ draw: _, ...drawn }: Tube & { readonly draw: number }) => tubeCase(drawn),
  { level, clauses: ['mask.tube', 'mask.count'] },
);

const topk = sizedFamily(
  'real/mask.topk',
  {
    gate: [
      { ...CLIP, ratio: 0.6, rounding: 'floor-masked' as const },
      { ...CLIP, ratio: 0.9, rounding: 'floor-visible' as const },
    ],
  },
  topkCase,
  { level, clauses: ['mask.topk', 'mask.count'] },
);

/** A map so fine that sums of areas and values leave 64 bits. */
const crop = sizedFamily<Chosen<CropDrawn>>(
  'real/map.crop',
  {
    gate: [
      {
        ...{ cells: [512, 512], frame: [65_536, 65_535], least: 30_000, whole: true },
        ...{ flip: true, rows: 1, columns: 2 },
      },
    ],
  },
  cropCase,
  { level, clauses: ['map.crop'] },
);

const patchify = sizedFamily<Chosen<PatchifyDrawn>>(
  'real/patchify',
  {
    gate: [
      { batch: 1, slots: 8, side: 14, tubelet: 2, patch: 16 },
      { batch: 9, slots: 3, side: 3, tubelet: 1, patch: 14 },
    ],
    real: [{ batch: 4, slots: 8, side: 14, tubelet: 2, patch: 16 }],
  },
  patchifyCase,
  { level, clauses: ['patch.order'] },
);

type Cubes = Readonly<{ batch: number; cubes: number; pixels: number }>;

const target = sizedFamily(
  'real/target.cube',
  {
    gate: [{ batch: 9, cubes: 71, pixels: 512 }],
    real: [{ batch: 2, cubes: 1408, pixels: 512 }],
  },
  ({ batch, cubes, pixels, draw }: Cubes & { readonly draw: number }) =>
    stretchedCase(
      'target_cube',
      {
        axes: {
          batch: { extent: batch, kinds: 2 },
          cubes: { extent: cubes, kinds: 3 },
          values: { extent: 3 * pixels, whole: true },
        },
        inputs: { cubes: { axes: ['batch', 'cubes', 'values'], dtype: 'u8' } },
        data: 'normal',
        draw,
        call: { function: 'target.cube', attributes: { float: 'f32' } },
      },
      ({ cubes: pixelsOf }) => ({
        targets: {
          value: targets(toUnitRange(pixelsOf), 'per-cube-channel'),
          axes: ['batch', 'cubes', 'values'],
        },
      }),
    ),
  { level, clauses: ['target.cube'] },
);

const mae = sizedFamily<Chosen<MaeDrawn>>(
  'real/loss.mae',
  {
    gate: [{ batch: 9, masked: 5, size: 37, regime: 'normal' }],
    real: [{ batch: 9, masked: 17, size: 131, regime: 'normal' }],
  },
  maeFunction,
  { level, clauses: ['loss.mae', 'loss.mae.gradient'] },
);

/**
 * More than 65,536 squares. The bound of so long a sum in any order is 0.4 % of it, so that the last
 * sixteenth of the predictions is eight times as large: without it the mean would be another.
 */
const longMae = sizedFamily<Chosen<MaeDrawn>>(
  'real/loss.mae/long',
  { gate: [{ batch: 9, masked: 61, size: 131, regime: 'normal' }] },
  (chosen) => {
    const drawn = lossOfMaeFunction(chosen);
    for (const { prediction } of drawn.runs) {
      const data = prediction?.data as Float32Array;
      for (let i = data.length - (data.length >> 4); i < data.length; i++) {
        data[i] = 8 * (data[i] as number);
      }
    }
    return drawn;
  },
  { level, clauses: ['loss.mae'] },
);

const infoNce = sizedFamily<Chosen<InfoNceDrawn>>(
  'real/loss.infonce',
  {
    gate: [
      { batch: 33, width: 8, directions: 'mean', regime: 'normal' },
      { batch: 67, width: 4, directions: 'sum', regime: 'normal' },
    ],
    real: [{ batch: 129, width: 16, directions: 'mean', regime: 'normal' }],
  },
  infoNceFunction,
  {
    level,
    clauses: ['loss.infonce', 'loss.infonce.gradient'],
    exemption: {
      judged: 0.85,
      judgedOfRoundedFactors: 0.5,
      reason: 'gradients by embeddings of many negatives are differences of nearly equal numbers',
    },
  },
);

/** A batch of one: its loss and its gradients are 0, in exact arithmetic. */
const infoNceOfOne = sizedFamily<Chosen<InfoNceDrawn>>(
  'real/loss.infonce/one',
  { gate: [{ batch: 1, width: 256, directions: 'sum', regime: 'normal' }] },
  infoNceFunction,
  {
    level,
    clauses: ['loss.infonce'],
    exemption: { judged: 0, reason: 'the values are 0: any bound is larger than they' },
  },
);

type Update = Readonly<{ count: number; decay: number; beta2: number; eps: number }>;

const adamw = sizedFamily(
  'real/optim.adamw',
  {
    gate: [{ count: 270_001, decay: 0.05, beta2: 0.95, eps: 1e-8 }],
    real: [{ count: WIDTH * HIDDEN, decay: 0.1, beta2: 0.999, eps: 1e-6 }],
  },
  ({ count, draw, ...own }: Update & { readonly draw: number }) => {
    const attributes = { beta1: 0.9, lr_scale: 0.75, ...own };
    return stretchedCase(
      'adamw',
      {
        axes: { i: { extent: count, kinds: 997 } },
        inputs: ADAMW_INPUTS,
        data: 'normal',
        draw,
        call: { function: 'optim.adamw', attributes },
      },
      (values) => updated(values, attributes),
    );
  },
  { level, clauses: ['optim.adamw', 'optim.adamw.decay'] },
);

/** More than 1,024 rows of tokens: gradients of weights are sums over all of them. */
const step = sizedFamily<Chosen<StepDrawn>>(
  'real/step',
  {
    gate: [
      {
        ...{ batch: 131, visible: 3, cube: [1, 2], encoder: [4, 1, 1], decoder: [4, 2, 1] },
        ...{ mlpRatio: 2, normEps: 1e-5, beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05 },
      },
    ],
  },
  (drawn) => stepCase('gradients', drawn),
  { level, clauses: ['step.gradients'] },
);

/** More numbers than 65,536 blocks of words give. */
const start = sizedFamily<Omit<Drawn<StartDrawn>, 'draw'>>(
  'real/state.start',
  {
    gate: [
      { start: 'xavier', inputs: 1536, outputs: 768, count: 262_147, seed: 2 ** 40 + 3, sample: 5 },
    ],
  },
  ({ draw: _, ...drawn }) => startCase(drawn),
  { level, clauses: ['state.start'] },
);

/** Sixteenths up to 2^29, which float32 does not hold. */
const resize = sizedFamily<Chosen<ResizeDrawn>>(
  'real/state.resize',
  {
    gate: [
      { kind: 'places', from: [14, 14], to: [24, 16], width: 2, most: 2 ** 29 },
      { kind: 'slots', from: [8, 1], to: [16, 1], width: 5, most: 2 ** 29 },
    ],
  },
  resizeCase,
  { level, clauses: ['state.resize'] },
);

/** Captions with numbers above 2^24, of which float32 takes two for one. */
const captions = sizedFamily<Chosen<InfoNceDrawn>>(
  'real/loss.infonce.captions',
  { gate: [{ batch: 33, width: 8, directions: 'sum', regime: 'normal' }] },
  (drawn) => {
    const made = captionsFunction(drawn);
    const runs = made.runs.map((inputs) => ({
      ...inputs,
      captions: integers(Array.from(inputs.captions?.data ?? [], (id) => 2 ** 24 + id)),
    }));
    return judging({ ...made, runs }, (output) => output === 'loss');
  },
  { level, clauses: ['loss.infonce'] },
);

/** The last words of CLIP's table: their ids do not fit in 16 bits. */
const words = sizedFamily<Chosen<TextTowerDrawn>>(
  'real/model.text_causal',
  {
    gate: [
      {
        ...{ batch: 2, length: 5, depth: 1, size: [4, 1], mlpRatio: 2, eps: 1e-5, scale: 1 },
        vocabulary: VOCABULARY,
      },
    ],
  },
  (drawn) => textTowerCase('model.text_causal', drawn),
  { level, clauses: ['model.text_causal'] },
);

/** Functions that only ports have: of integers, and a step as one call. */
export const SIZED_PORT_FUNCTIONS: readonly SizedFamily[] = [
  tube,
  topk,
  crop,
  start,
  resize,
  captions,
  words,
  step,
];

/** Functions that are programs, too. */
export const SIZED_FUNCTIONS: readonly SizedFamily[] = [
  patchify,
  target,
  mae,
  longMae,
  infoNce,
  infoNceOfOne,
  adamw,
];
