import { MAX_CAPTION_LENGTH } from '../../data/index.js';

/** Control characters, formatting characters but the joiners of scripts and emoji, lone surrogates, and codes without a meaning. */
const NOT_TEXT = /[\p{Cc}\p{Co}\p{Cn}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;

/**
 * A caption as a list can hold it: without control characters and the like, white space collapsed
 * to single blanks, at most 4,096 characters, cut at a blank where one is near. Empty when nothing
 * is left.
 */
export function cleanCaption(text: string): string {
  const plain = text
    .slice(0, 16 * MAX_CAPTION_LENGTH)
    .replace(/\s+/g, ' ')
    .replace(NOT_TEXT, '')
    .replace(/ +/g, ' ')
    .trim();
  if (plain.length <= MAX_CAPTION_LENGTH) return plain;
  const cut = plain.slice(0, MAX_CAPTION_LENGTH);
  const blank = cut.lastIndexOf(' ');
  const kept = blank > MAX_CAPTION_LENGTH / 2 ? cut.slice(0, blank) : cut;
  return kept.replace(/\p{Cs}$/u, '').trim();
}
