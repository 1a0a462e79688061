import { LacunaError } from '../errors.js';
import { choose } from '../random/shuffle.js';
import { RandomStream } from '../random/stream.js';
import type { MaskAddress } from './draw-mask.js';
import { maskedCount, type Rounding } from './rounding.js';

export const TEXT_MASK_MODES = ['replace', 'drop'] as const;
export type TextMaskMode = (typeof TEXT_MASK_MODES)[number];

/** Which words of a caption are hidden from the text encoder. */
export interface TextMaskConfig {
  /**
   * - `replace` (default: MAC's figure shows "[mask] is folding"): a masked token's id becomes
   *   [MASK]; length and positions stay.
   * - `drop` (MAC's abstract reads so): masked tokens are removed, the others keep their order and
   *   move forward, and padding fills the end.
   */
  readonly mode?: TextMaskMode;
  /** @defaultValue 0.15, as BERT; MAC's ratio is unknown: sweep 0, 0.15, 0.3, 0.5. */
  readonly ratio?: number;
  /** @defaultValue 'nearest-masked-at-least-one': floor would never mask a caption below 7 words at 0.15. */
  readonly rounding?: Rounding;
}

/** The token ids that a text mask must know. */
export interface TextMaskVocabulary {
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
    ratio: config.ratio ?? 0.15,
    rounding: config.rounding ?? 'nearest-masked-at-least-one',
  };
}

/**
 * Masks a caption, given as its padded token ids. Padding and special tokens are never masked; of the
 * n others exactly min(maskedCount(rounding, n, ratio), n - 1) are, so that one always stays: nothing
 * is masked in a caption of no or one such token. Drawn at the address, from stream `textMask`:
 * choose(stream, n, count) among the maskable tokens in order.
 *
 * @throws LacunaError if the ratio is outside [0, 1).
 */
export function maskText(
  config: TextMaskConfig,
  ids: Int32Array,
  vocabulary: TextMaskVocabulary,
  address: MaskAddress,
): MaskedText {
  const { mode, ratio, rounding } = completeTextMaskConfig(config);
  if (mode !== 'replace' && mode !== 'drop') {
    throw new LacunaError({
      what: 'there is no such text mask',
      got: `'${String(mode)}'`,
      expected: "'replace' or 'drop'",
    });
  }
  const maskable: number[] = [];
  for (const [position, id] of ids.entries()) {
    if (id !== vocabulary.pad && !vocabulary.special.has(id)) maskable.push(position);
  }
  const n = maskable.length;
  const count = Math.max(0, Math.min(maskedCount(rounding, n, ratio), n - 1));
  const stream = new RandomStream({ ...address, stream: 'textMask' });
  const masked = choose(stream, n, count).map((i) => maskable[i] as number);
  return {
    ids:
      mode === 'replace'
        ? replace(ids, masked, vocabulary.mask)
        : drop(ids, masked, vocabulary.pad),
    masked,
  };
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
