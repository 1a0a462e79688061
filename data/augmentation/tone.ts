import type { AugmentationName } from '../../spec/index.js';

/** Operations that change the colours of a frame, [H, W, 3], in place, by the rules of Pillow. */
export type ToneName = Exclude<
  AugmentationName,
  'rotate' | 'shear-x' | 'shear-y' | 'translate-x' | 'translate-y'
>;

/** Pillow's luma, of one pixel. */
const luma = (r: number, g: number, b: number): number =>
  (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** Image.blend: from `plain` to `value` and beyond, cut to whole numbers in [0, 255]. */
function blend(plain: number, value: number, factor: number): number {
  const mixed = Math.fround(plain + Math.fround(Math.fround(factor) * (value - plain)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Math.trunc(mixed);
}

/** Every value by a table, one for all channels or one a channel. */
function mapped(frame: Uint8Array, tables: readonly ArrayLike<number>[]): void {
  for (let i = 0; i < frame.length; i++)
    frame[i] = (tables[i % tables.length] as ArrayLike<number>)[frame[i] as number] as number;
}

const table = (of: (value: number) => number): readonly number[] =>
  Array.from({ length: 256 }, (_, value) => of(value));
const SAME = table((value) => value);

function histograms(frame: Uint8Array): readonly Uint32Array[] {
  const counts = [0, 1, 2].map(() => new Uint32Array(256));
  for (let i = 0; i < frame.length; i++) {
    const own = counts[i % 3] as Uint32Array;
    own[frame[i] as number] = (own[frame[i] as number] as number) + 1;
  }
  return counts;
}

/** ImageOps.autocontrast of a channel. */
function stretched(counts: Uint32Array): readonly number[] {
  const low = counts.findIndex((count) => count > 0);
  const high = counts.findLastIndex((count) => count > 0);
  if (high <= low) return SAME;
  const scale = 255 / (high - low);
  return table((value) => Math.min(255, Math.max(0, Math.trunc(value * scale - low * scale))));
}

/** ImageOps.equalize of a channel. */
function equalized(counts: Uint32Array): readonly number[] {
  const present = counts.filter((count) => count > 0);
  const total = present.reduce((sum, count) => sum + count, 0);
  const step = Math.floor((total - (present.at(-1) ?? 0)) / 255);
  if (present.length <= 1 || step === 0) return SAME;
  let below = Math.floor(step / 2);
  return table((value) => {
    const own = Math.floor(below / step);
    below += counts[value] ?? 0;
    return Math.min(255, own);
  });
}

/** The frame as Pillow's SMOOTH filter makes it: 1 around 5, over 13; the border stays. */
function smoothed(frame: Uint8Array, size: number): Uint8Array {
  const result = frame.slice();
  const at = (row: number, column: number, channel: number): number =>
    frame[(row * size + column) * 3 + channel] as number;
  for (let row = 1; row < size - 1; row++)
    for (let column = 1; column < size - 1; column++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 4 * at(row, column, channel);
        for (let i = -1; i <= 1; i++)
          for (let j = -1; j <= 1; j++) sum += at(row + i, column + j, channel);
        result[(row * size + column) * 3 + channel] = Math.floor(sum / 13 + 0.5);
      }
  return result;
}

function blendEach(frame: Uint8Array, plain: (index: number) => number, factor: number): void {
  for (let i = 0; i < frame.length; i++) frame[i] = blend(plain(i), frame[i] as number, factor);
}

function lumas(frame: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: frame.length / 3 }, (_, i) =>
    luma(frame[3 * i] as number, frame[3 * i + 1] as number, frame[3 * i + 2] as number),
  );
}

/** Changes the colours of a square frame of `size` pixels, [size, size, 3], in place. */
export const TONES: Readonly<
  Record<ToneName, (frame: Uint8Array, level: number, size: number) => void>
> = {
  'auto-contrast': (frame) => mapped(frame, histograms(frame).map(stretched)),
  equalize: (frame) => mapped(frame, histograms(frame).map(equalized)),
  invert: (frame) => mapped(frame, [table((value) => 255 - value)]),
  posterize: (frame, bits) => mapped(frame, [table((value) => value & ~(2 ** (8 - bits) - 1))]),
  solarize: (frame, threshold) =>
    mapped(frame, [table((value) => (value < threshold ? value : 255 - value))]),
  'solarize-add': (frame, added) =>
    mapped(frame, [table((value) => (value < 128 ? Math.min(255, value + added) : value))]),
  color: (frame, factor) => {
    const grey = lumas(frame);
    blendEach(frame, (i) => grey[Math.floor(i / 3)] as number, factor);
  },
  contrast: (frame, factor) => {
    const grey = lumas(frame);
    const mean = Math.trunc(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5);
    blendEach(frame, () => mean, factor);
  },
  brightness: (frame, factor) => blendEach(frame, () => 0, factor),
  sharpness: (frame, factor, size) => {
    const smooth = smoothed(frame, size);
    blendEach(frame, (i) => smooth[i] as number, factor);
  },
};
