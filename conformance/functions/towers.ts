import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { gridOf, patchify, textEncoder, videoEncoder } from '../../spec/index.js';
import { ModelBuilder } from '../../spec/model/state.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { spreadBounds } from '../steps/legal-spread.js';
import { scaledInputs, stepInputs, tinyVideo } from '../steps/tiny-step.js';
import { integers } from './exact.js';
import { CUBE, QUERIES } from './forward.js';

interface TowerDrawn {
  readonly batch: number;
  readonly depth: number;
  /** Width and heads. */
  readonly size: readonly number[];
  readonly mlpRatio: number;
  readonly eps: number;
  /** The size of what the norms see: where it is small, so are their variances. */
  readonly scale: number;
  readonly draw: number;
}

export interface SpaceTimeDrawn extends TowerDrawn {
  /** Visible places of a slot. */
  readonly places: number;
  /** Slots of a clip. */
  readonly slots: number;
  readonly cube: readonly number[];
}

/** What is added to a token of the video encoder. */
const ADDED = /^encoder\.(patch|positions|class|\d+\.(time|attn)\.proj|\d+\.mlp\.fc2)/;

/** The video encoder with divided attention on the same visible places of every slot. */
export function spaceTimeCase(drawn: SpaceTimeDrawn): Case {
  const { batch, places, slots, depth, size, cube, mlpRatio, eps, scale, draw } = drawn;
  const [width = 0, heads = 0] = size;
  const video = tinyVideo(cube, slots);
  const form = { classToken: true, keyBias: true, attention: 'divided' } as const;
  const sizes = { width, depth, heads, mlpRatio, normEps: eps };
  const model = new ModelBuilder('model_space_time');
  const shape = [batch, video.frames, video.size, video.size, 3];
  const frames = model.program.input('frames', 'u8', shape, 'data');
  const visible = model.program.input('visible', 'i32', [batch, slots * places], 'data');
  const config = { ...sizes, ...form, positions: 'learned-zero-slots' } as const;
  const encoded = videoEncoder(model, patchify(frames, video), visible, video, config);
  model.program.output('encoded', encoded);
  const { program, state } = model.finish();
  const inputs = scaledInputs(
    { ...stepInputs(program, state, { batch, visible: places, draw }), ...tubes(drawn) },
    ADDED,
    scale,
  );
  const { tubelet, patch } = video;
  const attributes = { tubelet, patch, width, depth, heads, mlp_ratio: mlpRatio, norm_eps: eps };
  return {
    ...functionCase({ program, runs: [inputs] }, { function: 'model.space_time', attributes }),
    expected: (given, contract) => spreadBounds(program, given, contract),
  };
}

/** Of each clip so many places, the same in every slot. */
export function tubes({
  batch,
  places,
  slots,
  cube,
  draw,
}: Pick<SpaceTimeDrawn, 'batch' | 'places' | 'slots' | 'cube' | 'draw'>): Named<HostTensor> {
  const { rows, columns } = gridOf(tinyVideo(cube, slots));
  const stream = new RandomStream({ seed: draw, stream: 'test', replicate: 7 });
  const tokens = Array.from({ length: batch }, () => {
    const kept = new Set<number>();
    while (kept.size < places) kept.add(stream.integer(rows * columns));
    const own = [...kept].sort((a, b) => a - b);
    return Array.from({ length: slots }, (_, slot) =>
      own.map((place) => slot * rows * columns + place),
    );
  });
  return { visible: integers(tokens.flat(2), [batch, slots * places]) };
}

export interface TextTowerDrawn extends TowerDrawn {
  /** L, tokens of a caption, padding included. */
  readonly length: number;
  /** Tokens of every caption. @defaultValue all or up to two fewer */
  readonly own?: number;
  /** What queries are multiplied with. @defaultValue 1 */
  readonly sharpness?: number;
  /** Rows of the table of tokens; where there are more than 7, only the last 7 are read. */
  readonly vocabulary?: number;
}

const VOCABULARY = 7;
/** The longest caption that the table of places has a row for: one more than any case has. */
const PLACES = 6;
const TEXT_ADDED =
  /^text\.(tokens|positions|segments|embed\.norm|\d+\.(attn\.proj|mlp\.fc2|norm1))/;

/** The forms of a text encoder: BERT's, and CLIP's. */
const TEXT_FORMS = {
  'model.text': { keyBias: true, norms: 'after', embeddingNorm: true, segments: 2 },
  'model.text_causal': {
    keyBias: true,
    norms: 'before',
    attention: 'causal',
    pool: 'last',
    activation: 'quick-gelu',
  },
} as const;

/** The text encoder of one of the forms. */
export function textTowerCase(form: keyof typeof TEXT_FORMS, drawn: TextTowerDrawn): Case {
  const { batch, length, depth, size, mlpRatio, eps, scale, draw } = drawn;
  const { own, sharpness = 1, vocabulary = VOCABULARY } = drawn;
  const [width = 0, heads = 0] = size;
  const model = new ModelBuilder(form.replace('.', '_'));
  const tokens = model.program.input('ids', 'i32', [batch, length], 'data');
  const lengths = model.program.input('lengths', 'i32', [batch], 'data');
  const sizes = { vocabulary, length: PLACES, width, depth, heads, mlpRatio };
  const config = { ...sizes, ...TEXT_FORMS[form], normEps: eps };
  model.program.output('embedding', textEncoder(model, tokens, lengths, config));
  const { program, state } = model.finish();
  const stream = new RandomStream({ seed: draw, stream: 'test', replicate: 7 });
  // Some captions are full, some are not.
  const lengthsOf = Array.from({ length: batch }, () => {
    const short = stream.integer(Math.min(3, length));
    return own ?? length - short;
  });
  const given = stepInputs(program, state, { batch, visible: 1, draw });
  const ids = Array.from(given.ids?.data ?? [], (id) => id + vocabulary - VOCABULARY);
  const read = { ids: integers(ids, [batch, length]), lengths: integers(lengthsOf) };
  const scaled = scaledInputs({ ...given, ...read }, TEXT_ADDED, scale);
  const inputs = scaledInputs(scaled, QUERIES, sharpness);
  const attributes = { width, depth, heads, mlp_ratio: mlpRatio, norm_eps: eps };
  return {
    ...functionCase({ program, runs: [inputs] }, { function: form, attributes }),
    expected: (tensors, contract) => spreadBounds(program, tensors, contract),
  };
}

const tower = {
  batch: fc.constantFrom(1, 2),
  depth: fc.constantFrom(1, 2),
  size: fc.constantFrom([6, 2], [4, 1], [8, 4]),
  mlpRatio: fc.constantFrom(2, 4, 1.5),
  // Frozen-in-Time, CLIP, BERT.
  eps: fc.constantFrom(1e-6, 1e-5, 1e-12),
  scale: fc.constantFrom(1, 2 ** -6, 2 ** -10),
  draw: fc.nat({ max: 0xffff_ffff }),
};

const TEXT_LENGTHS = fc.constantFrom(1, 3, 5);

/**
 * Captions of one token, whose scores are far from 0: whatever stands behind it has no weight, however low
 * the score of the token itself is.
 */
function alone(form: keyof typeof TEXT_FORMS): Family {
  return family(
    `function/${form}/alone`,
    // All results are of one size, and no multiple of four: what is left of the call before would show.
    fc.record({
      ...tower,
      batch: fc.constant(2),
      size: fc.constant([5, 1]),
      length: fc.constantFrom(3, 5),
    }),
    (drawn) => textTowerCase(form, { ...drawn, own: 1, sharpness: 2 ** 20 }),
    { level: 3, clauses: [form], most: 4 },
  );
}

export const TOWER_FAMILIES: readonly Family[] = [
  family(
    'function/model.space_time',
    fc.record({
      ...tower,
      places: fc.constantFrom(1, 2, 3),
      slots: fc.constantFrom(1, 2, 3),
      cube: CUBE,
    }),
    spaceTimeCase,
    { level: 3, clauses: ['model.space_time'], most: 12 },
  ),
  family(
    'function/model.text',
    fc.record({ ...tower, length: TEXT_LENGTHS }),
    (drawn) => textTowerCase('model.text', drawn),
    {
      level: 3,
      clauses: ['model.text'],
      most: 12,
    },
  ),
  alone('model.text'),
];

/** For ports: backends are judged by whole steps that have it. */
export const CAUSAL_TEXT_FAMILIES: readonly Family[] = [
  family(
    'function/model.text_causal',
    // Odd widths: a kernel of four numbers has a rest in each row.
    fc.record({ ...tower, length: TEXT_LENGTHS, size: fc.constantFrom([6, 2], [5, 1], [9, 3]) }),
    (drawn) => textTowerCase('model.text_causal', drawn),
    { level: 3, clauses: ['model.text_causal'], most: 12 },
  ),
  alone('model.text_causal'),
];
