/** The token indices of one clip, split in two; both ascending, together every token once. */
export interface Mask {
  /** What the encoder sees. */
  readonly visible: Int32Array;
  /** What the decoder predicts. */
  readonly masked: Int32Array;
}

/** The mask whose masked tokens are those with a non-zero flag. */
export function maskOfFlags(flags: Uint8Array): Mask {
  let count = 0;
  for (const flag of flags) if (flag !== 0) count++;
  const masked = new Int32Array(count);
  const visible = new Int32Array(flags.length - count);
  let nextMasked = 0;
  let nextVisible = 0;
  for (let n = 0; n < flags.length; n++) {
    if (flags[n] === 0) visible[nextVisible++] = n;
    else masked[nextMasked++] = n;
  }
  return { visible, masked };
}
