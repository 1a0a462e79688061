/** How large the tensors of repeated runs are. */
export interface Sizes {
  /** Tokens of a clip, the widths of its vectors inside and outside the MLP, heads, width of a head. */
  readonly tokens: number;
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Terms of the longest sums. */
  readonly terms: number;
  /** Rows of the largest table, and indices into it. */
  readonly vocabulary: number;
  readonly words: number;
  /** Frames, edge and width of the clips of a whole step, and how many there are. */
  readonly step: {
    readonly frames: number;
    readonly edge: number;
    readonly width: number;
    readonly batch: number;
  };
}

export const SIZES: Readonly<Record<'real' | 'small', Sizes>> = {
  /** ViT-B on 16 frames of 224 x 224 pixels, CLIP's vocabulary. */
  real: {
    tokens: 1568,
    width: 768,
    hidden: 3072,
    heads: 12,
    headWidth: 64,
    terms: 2 ** 20,
    vocabulary: 49_408,
    words: 2464,
    step: { frames: 8, edge: 64, width: 192, batch: 8 },
  },
  /** For GPUs in software. */
  small: {
    tokens: 196,
    width: 192,
    hidden: 768,
    heads: 3,
    headWidth: 64,
    terms: 2 ** 17,
    vocabulary: 4096,
    words: 308,
    step: { frames: 4, edge: 32, width: 48, batch: 4 },
  },
};
