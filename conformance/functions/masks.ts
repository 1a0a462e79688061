import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import {
  type Grid,
  ROUNDINGS,
  type Rounding,
  type TextMaskMode,
  type TextMaskUnit,
  tokenCount,
} from '../../spec/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers, judging } from './exact.js';
import { exactCase } from './integer-functions.js';

/** The roundings of video masks; text masks have another. */
export const rounding: fc.Arbitrary<Rounding> = fc.constantFrom<Rounding>(
  'floor-masked',
  'floor-visible',
  'floor-visible-at-least-one',
);

const grid = {
  slots: fc.constantFrom(1, 2, 3, 8),
  rows: fc.constantFrom(2, 3, 7),
  columns: fc.constantFrom(2, 3, 5),
};
type AddressArbitraries = Readonly<
  Record<'seed' | 'epoch' | 'sample' | 'replicate', fc.Arbitrary<number>>
>;

/** Ratios that leave at least one of four places visible under every rounding. */
export const ratio: fc.Arbitrary<number> = fc.constantFrom(0.25, 0.5, 0.6, 0.75);
export const address: AddressArbitraries = {
  seed: fc.maxSafeNat(),
  epoch: fc.constantFrom(0, 1, 299, 0xffffffff),
  sample: draw,
  replicate: fc.constantFrom(0, 1, 0xffff),
};

export interface MaskDrawn extends Grid {
  readonly ratio: number;
  readonly rounding: Rounding;
}

export interface TubeDrawn extends MaskDrawn {
  readonly seed: number;
  readonly epoch: number;
  readonly sample: number;
  readonly replicate: number;
}

/** The mask of a tube, by an address. */
export function tubeCase(drawn: TubeDrawn): Case {
  return exactCase({ function: 'mask.tube', attributes: { ...drawn } }, [{}]);
}

/** The mask of a set a slot, by an address. */
export function perSlotCase(drawn: TubeDrawn): Case {
  return exactCase({ function: 'mask.random_per_slot', attributes: { ...drawn } }, [{}]);
}

/** Masks of random maps with ties. */
export function topkCase({ draw: seed, ...drawn }: MaskDrawn & { draw: number }): Case {
  const { slots, rows, columns } = drawn;
  const runs = [0, 1].map((replicate): Named<HostTensor> => {
    const stream = new RandomStream({ seed, stream: 'test', replicate });
    // Few different values, so that ties decide; the ends of int16 among them.
    const values = [-32768, -1, 0, 1, 7, 32767, stream.integer(65536) - 32768];
    const map = Array.from(
      { length: tokenCount(drawn) },
      () => values[stream.integer(values.length)] as number,
    );
    return { map: integers(map, [slots, rows * columns]) };
  });
  return exactCase({ function: 'mask.topk', attributes: { ...drawn } }, runs);
}

export interface TextDrawn {
  readonly mode: TextMaskMode;
  readonly unit: TextMaskUnit;
  readonly ratio: number;
  readonly rounding: Rounding;
  /** Tokens of each word. */
  readonly words: readonly number[];
  readonly padding: number;
  /** The id of the mask, of padding, and of what begins a caption; its end has the next. */
  readonly vocabulary: readonly number[];
  readonly seed: number;
  readonly epoch: number;
  readonly sample: number;
  readonly replicate: number;
}

/** A caption, masked: begin, words, end, padding. What stands behind a special token begins a word. */
export function textCase({ words, padding, vocabulary, ...drawn }: TextDrawn): Case {
  const [mask = 0, pad = 0, begin = 0] = vocabulary;
  const end = begin + 1;
  const tokens = words.flatMap((length, word) =>
    Array.from({ length }, (_, part) => ({
      id: 20 + 3 * word + part,
      continues: part > 0 ? 1 : 0,
    })),
  );
  const fill = Array.from({ length: padding }, () => ({ id: pad, continues: 1 }));
  const caption = [
    { id: begin, continues: 0 },
    // The flag of the first word says nothing: a special token stands before it.
    ...tokens.map((token, i) => (i === 0 ? { ...token, continues: words.length % 2 } : token)),
    { id: end, continues: 1 },
    ...fill,
  ];
  const inputs = {
    ids: integers(caption.map(({ id }) => id)),
    special: integers([begin, end, mask]),
    continues: integers(caption.map(({ continues }) => continues)),
  };
  return exactCase({ function: 'mask.text', attributes: { ...drawn, mask, pad } }, [inputs]);
}

/** A caption of which some tokens are the mask itself, which is a token like others unless it is said to be special. */
function literalMaskCase({ special, ...drawn }: TextDrawn & { special: boolean }): Case {
  const [mask = 0, pad = 0, begin = 0] = drawn.vocabulary;
  const { words: _words, padding: _padding, vocabulary: _vocabulary, ...attributes } = drawn;
  const runs = textCase(drawn).runs.map((inputs) => ({
    ...inputs,
    ids: integers(
      Array.from(inputs.ids?.data ?? [], (id) => (id >= 20 && id % 2 === 0 ? mask : id)),
    ),
    special: integers([begin, begin + 1, ...(special ? [mask] : [])]),
  }));
  return exactCase({ function: 'mask.text', attributes: { ...attributes, mask, pad } }, runs);
}

/** Numbers of places and ratios at which the roundings differ: 19 or 20 of 196 stay visible. */
const counted = {
  slots: fc.constantFrom(1, 2, 8),
  rows: fc.constantFrom(4, 7, 14),
  columns: fc.constantFrom(4, 14),
  ratio: fc.constantFrom(0.9, 0.75, 0.6, 0.1),
  rounding,
};

/** Captions from none to seven words of one to three tokens. */
const caption = {
  mode: fc.constantFrom<TextMaskMode>('replace', 'drop'),
  ratio: fc.constantFrom(0, 0.15, 0.3, 0.5),
  rounding: fc.constantFrom(...ROUNDINGS),
  words: fc.array(fc.constantFrom(1, 2, 3), { minLength: 0, maxLength: 7 }),
  padding: fc.constantFrom(0, 1, 3),
  vocabulary: fc.constantFrom([3, 0, 1], [9, 7, 5]),
  ...address,
};

const level = 3;
const isCount = (output: string): boolean => output === 'counts';
const isList = (output: string): boolean => output !== 'counts';

/** Counts first, then order, then which tokens: each stands on those before it. */
export const MASK_FAMILIES: readonly Family[] = [
  family(
    'function/mask.tube/count',
    fc.record({ ...counted, ...address }),
    (drawn) => judging(tubeCase(drawn), isCount),
    { level, clauses: ['mask.count'] },
  ),
  family(
    'function/mask.tube/order',
    // Nothing is masked: only the order can be wrong.
    fc.record({ ...grid, ratio: fc.constant(0), rounding, ...address }),
    (drawn) => judging(tubeCase(drawn), isList),
    { level, clauses: ['mask.order'] },
  ),
  family(
    'function/mask.tube',
    fc.record({ ...grid, ratio, rounding, ...address }),
    (drawn) => judging(tubeCase(drawn), isList),
    { level, clauses: ['mask.tube'] },
  ),
  family(
    'function/mask.random_per_slot',
    fc.record({ ...grid, ratio, rounding, ...address }),
    perSlotCase,
    { level, clauses: ['mask.random_per_slot'] },
  ),
  family(
    'function/mask.topk/count',
    fc.record({ ...counted, draw }),
    (drawn) => judging(topkCase(drawn), isCount),
    { level, clauses: ['mask.count'] },
  ),
  family(
    'function/mask.topk',
    fc.record({ ...grid, ratio, rounding, draw }),
    (drawn) => judging(topkCase(drawn), isList),
    { level, clauses: ['mask.topk'] },
  ),
  family(
    'function/mask.text',
    fc.record({ ...caption, unit: fc.constant<TextMaskUnit>('token') }),
    textCase,
    { level, clauses: ['mask.text'] },
  ),
  family(
    'function/mask.text/words',
    fc.record({ ...caption, unit: fc.constant<TextMaskUnit>('word') }),
    textCase,
    { level, clauses: ['mask.text.words'] },
  ),
  family(
    'function/mask.text/literal',
    fc.record({
      ...caption,
      unit: fc.constantFrom<TextMaskUnit>('token', 'word'),
      special: fc.boolean(),
    }),
    literalMaskCase,
    { level, clauses: ['mask.text'] },
  ),
  family(
    'function/mask.text/halves',
    // Half of 5, and of 9, goes to the even number: 2 and 4.
    fc.record({
      ...caption,
      unit: fc.constantFrom<TextMaskUnit>('token', 'word'),
      ratio: fc.constant(0.5),
      rounding: fc.constant<Rounding>('nearest-masked-at-least-one'),
      words: fc.constantFrom(1, 3, 5, 7, 9).map((count) => new Array<number>(count).fill(1)),
    }),
    textCase,
    { level, clauses: ['mask.text'] },
  ),
];
