import { LacunaError } from '../../spec/errors.js';
import type { Tokenizer } from './tokenizer.js';

/** Captions as one i32 tensor. */
export interface TokenBatch {
  /** Token ids [B, L], row by row; rows are filled up with `padId`. */
  readonly ids: Int32Array;
  /** Tokens of each caption that are not padding [B], begin and end tokens included. */
  readonly lengths: Int32Array;
  /** How many captions were longer than L and lost their last words. */
  readonly truncated: number;
}

/**
 * The captions' ids, padded or truncated to `length` tokens each. A truncated caption keeps its end
 * token, in the last place.
 *
 * @throws LacunaError if `length` is no integer in [2, 65536], or a caption cannot be encoded.
 */
export function encodeBatch(
  tokenizer: Tokenizer,
  captions: readonly string[],
  length: number,
): TokenBatch {
  if (!Number.isInteger(length) || length < 2 || length > 65_536) {
    throw new LacunaError({
      what: 'the number of tokens of a caption is out of bounds',
      got: String(length),
      expected: 'an integer in [2, 65536]',
    });
  }
  const ids = new Int32Array(captions.length * length).fill(tokenizer.padId);
  const lengths = new Int32Array(captions.length);
  let truncated = 0;
  for (const [row, caption] of captions.entries()) {
    const tokens = tokenizer.encode(caption);
    const last = tokens.at(-1);
    if (tokens.length > length) {
      tokens.length = length;
      truncated++;
      if (last !== undefined && last === tokenizer.eosId) tokens[length - 1] = last;
    }
    ids.set(tokens, row * length);
    lengths[row] = tokens.length;
  }
  return { ids, lengths, truncated };
}
