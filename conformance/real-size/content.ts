import type { StretchedData } from './stretched-case.js';

/** The tokens of a clip of 16 frames of 224 x 224. */
export const TOKENS: number = 1568;
/** The width of ViT-B, and that of its hidden layers. */
export const WIDTH: number = 768;
export const HIDDEN: number = 3072;
/** The rows of CLIP's table of words. */
export const VOCABULARY: number = 49_408;

/** What a parameter says of the data. */
export interface Content {
  readonly data: StretchedData;
  readonly draw: number;
}

/** The same sizes with integers, which must come out exactly, and with normal numbers. */
export const both = <P extends object>(sizes: P): readonly (P & Pick<Content, 'data'>)[] =>
  (['integers', 'normal'] as const).map((data) => ({ ...sizes, data }));
