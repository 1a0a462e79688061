import { LacunaError } from '../errors.js';
import { choose } from '../random/shuffle.js';
import { RandomStream } from '../random/stream.js';
import type { MaskAddress } from './draw-mask.js';
import { maskedCount, type Rounding } from './rounding.js';

export const TEXT_MASK_MODES = ['replace', 'drop'] as const;
export type TextMaskMode = (typeof TEXT_MASK_MODES)[number];

export const TEXT_MASK_UNITS = ['token', 'word'] as const;
export type TextMaskUnit = (typeof TEXT_MASK_UNITS)[number];

/** Which words of a caption are hidden from the text encoder. */
export interface TextMaskConfig {
  /**
   * - `replace` (default: MAC's figure shows "[mask] is folding"): a masked token's id becomes
   *   [MASK]; length and positions stay.
   * - `drop` (MAC's abstract reads so): masked tokens are removed, the others keep their order and
   *   move forward, and padding fills the end.
   */
  readonly mode?: TextMaskMode;
  /**
   * What is counted and chosen: `token`, each by itself, or `word`, all tokens of a word together
   * (BERT's whole word masking). @defaultValue 'token'
   */
  readonly unit?: TextMaskUnit;
  /** @defaultValue 0.15, as BERT; MAC's ratio is unknown: sweep 0, 0.15, 0.3, 0.5. */
  readonly ratio?: number;
  /** @defaultValue 'nearest-masked-at-least-one': floor would never mask a caption below 7 words at 0.15. */
  readonly rounding?: Rounding;
}

/** The token ids that a text mask must know. */
export interface TextMaskVocabulary {
  /** Stands for a masked token; not read by mode `drop`. */
  readonly mask: number;
  readonly pad: number;
  /** Further ids that are never masked: [CLS], [SEP], start and end of text. */
  readonly special: ReadonlySet<number>;
}

/** A caption after masking. */
export interface MaskedText {
  /** As long as the input. */
  readonly ids: Int32Array;
  /** The positions in the input that were masked, ascending. */
  readonly masked: Int32Array;
}

/** The configuration with its defaults filled in: what a run's manifest records. */
export function completeTextMaskConfig(config: TextMaskConfig): Required<TextMaskConfig> {
  return {
    mode: config.mode ?? 'replace',
    unit: config.unit ?? 'token',
    ratio: config.ratio ?? 0.15,
    rounding: config.rounding ?? 'nearest-masked-at-least-one',
  };
}

/**
 * Masks a caption, given as its padded token ids. Padding and special tokens are never masked. The n
 * units are the other tokens, or the words that they make: a token belongs to the word of the one before
 * it where `continues` is 1 and that one may be masked, too. Exactly min(maskedCount(rounding, n,
 * ratio), n - 1) units are masked, so that one always stays: nothing is masked in a caption of no or one
 * unit. Drawn at the address, from stream `textMask`: choose(stream, n, count) among the units in order.
 *
 * @param continues A number a token: 1 where it goes on with the word of the token before it. Needed
 * by unit `word` only.
 * @throws LacunaError if the ratio is outside [0, 1), or `continues` is missing or of another length.
 */
export function maskText(
  config: TextMaskConfig,
  ids: Int32Array,
  vocabulary: TextMaskVocabulary,
  address: MaskAddress,
  continues?: ArrayLike<number>,
): MaskedText {
  const { mode, unit, ratio, rounding } = completeTextMaskConfig(config);
  requireOneOf('mode', mode, TEXT_MASK_MODES);
  requireOneOf('unit', unit, TEXT_MASK_UNITS);
  const units = unitsOf(
    ids,
    vocabulary,
    unit === 'word' ? requireFlags(ids, continues) : undefined,
  );
  const n = units.length;
  const count = Math.max(0, Math.min(maskedCount(rounding, n, ratio), n - 1));
  const stream = new RandomStream({ ...address, stream: 'textMask' });
  const chosen = Array.from(choose(stream, n, count));
  const masked = Int32Array.from(chosen.flatMap((i) => units[i] as readonly number[]));
  return {
    ids:
      mode === 'replace'
        ? replace(ids, masked, vocabulary.mask)
        : drop(ids, masked, vocabulary.pad),
    masked,
  };
}

/** The places of each unit, in order. */
function unitsOf(
  ids: Int32Array,
  { pad, special }: TextMaskVocabulary,
  continues: ArrayLike<number> | undefined,
): readonly (readonly number[])[] {
  const units: number[][] = [];
  let last = -2;
  for (const [position, id] of ids.entries()) {
    if (id === pad || special.has(id)) continue;
    const word = units.at(-1);
    if (continues?.[position] === 1 && last === position - 1 && word !== undefined) {
      word.push(position);
    } else units.push([position]);
    last = position;
  }
  return units;
}

function requireFlags(
  ids: Int32Array,
  continues: ArrayLike<number> | undefined,
): ArrayLike<number> {
  if (continues?.length === ids.length) return continues;
  throw new LacunaError({
    what: 'whole words cannot be masked without knowing which tokens continue a word',
    got: continues === undefined ? 'nothing' : `${continues.length} numbers`,
    expected: `${ids.length}, one a token`,
  });
}

function requireOneOf(what: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new LacunaError({
    what: `there is no such ${what} of a text mask`,
    got: `'${value}'`,
    expected: known.map((name) => `'${name}'`).join(' or '),
  });
}

function replace(ids: Int32Array, masked: Int32Array, mask: number): Int32Array {
  const replaced = ids.slice();
  for (const position of masked) replaced[position] = mask;
  return replaced;
}

function drop(ids: Int32Array, masked: Int32Array, pad: number): Int32Array {
  const dropped = new Set(masked);
  const kept = new Int32Array(ids.length).fill(pad);
  kept.set(ids.filter((_, position) => !dropped.has(position)));
  return kept;
}
