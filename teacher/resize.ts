import { LacunaError } from '../spec/errors.js';

/** Fraction bits of a weight: what 32 bits leave beside 8 of a level and 2 of headroom. */
const PRECISION_BITS = 22;
/** The bicubic kernel is zero from here on. */
const SUPPORT = 2;
const MAX_SIDE = 2 ** 14;
const CHANNELS = 3;

/**
 * Resizes an image u8 RGB [h, w, 3] to u8 [toH, toW, 3], row by row, bit for bit as Pillow's
 * `resize((toW, toH), BICUBIC)`: the cubic kernel with a = -1/2, stretched by the reduction where
 * there is one (antialias), weights of a pixel summing to 1 and rounded to 22 bits, first along
 * rows, rounded to 8 bits, then along columns.
 *
 * Source: Pillow, `Resample.c`.
 * @throws LacunaError for a side that is no integer in [1, 16384], or an image of another size.
 */
export function resizeBicubic(
  image: Uint8Array,
  w: number,
  h: number,
  toW: number,
  toH: number,
): Uint8Array {
  checkImage(image, w, h, [toW, toH]);
  const wide = w === toW ? image : resizeRows(image, w, h, toW);
  if (h !== toH) return resizeColumns(wide, toW, h, toH);
  return wide === image ? image.slice() : wide;
}

/**
 * A whole frame u8 RGB [h, w, 3] as CLIP's image processor prepares it, u8 [size, size, 3]: the
 * shorter side resized to `size` (bicubic, antialias), the longer one to floor(size * long / short),
 * then the centre cut out, from floor((side - size) / 2).
 *
 * Source: `CLIPImageProcessorPil` of Hugging Face transformers 5, bit for bit.
 * @throws LacunaError as `resizeBicubic`.
 */
export function fitFrame(image: Uint8Array, w: number, h: number, size: number): Uint8Array {
  checkImage(image, w, h, [size]);
  const short = Math.min(w, h);
  const toW = Math.floor((size * w) / short);
  const toH = Math.floor((size * h) / short);
  const resized = resizeBicubic(image, w, h, toW, toH);
  const left = Math.floor((toW - size) / 2);
  const top = Math.floor((toH - size) / 2);
  const cut = new Uint8Array(size * size * CHANNELS);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * toW + left) * CHANNELS;
    cut.set(resized.subarray(from, from + size * CHANNELS), y * size * CHANNELS);
  }
  return cut;
}

/** The source pixels of each target pixel along one side, and their weights in 2^-22. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Target pixel t's weights start at t * stride. */
  readonly stride: number;
  readonly weights: Int32Array;
}

function taps(from: number, to: number): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = SUPPORT * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  for (let t = 0; t < to; t++) {
    const centre = (t + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let s = start; s < end; s++) {
      const weight = cubic((s - centre + 0.5) * (1 / stretch));
      exact[s - start] = weight;
      sum += weight;
    }
    first[t] = start;
    count[t] = end - start;
    for (let i = 0; i < end - start; i++) {
      const weight = (exact[i] as number) / (sum === 0 ? 1 : sum);
      const half = weight < 0 ? -0.5 : 0.5;
      weights[t * stride + i] = Math.trunc(half + weight * 2 ** PRECISION_BITS);
    }
  }
  return { first, count, stride, weights };
}

function cubic(x: number): number {
  const a = -0.5;
  if (x < 0) x = -x;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function resizeRows(image: Uint8Array, w: number, h: number, toW: number): Uint8Array {
  const { first, count, stride, weights } = taps(w, toW);
  const out = new Uint8ClampedArray(toW * h * CHANNELS);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < toW; x++) {
      const start = (y * w + (first[x] as number)) * CHANNELS;
      const many = count[x] as number;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let i = 0; i < many; i++) {
        const weight = weights[x * stride + i] as number;
        const from = start + i * CHANNELS;
        red += (image[from] as number) * weight;
        green += (image[from + 1] as number) * weight;
        blue += (image[from + 2] as number) * weight;
      }
      const to = (y * toW + x) * CHANNELS;
      out[to] = red >> PRECISION_BITS;
      out[to + 1] = green >> PRECISION_BITS;
      out[to + 2] = blue >> PRECISION_BITS;
    }
  }
  return new Uint8Array(out.buffer);
}

function resizeColumns(image: Uint8Array, w: number, h: number, toH: number): Uint8Array {
  const { first, count, stride, weights } = taps(h, toH);
  const rowLength = w * CHANNELS;
  const out = new Uint8ClampedArray(rowLength * toH);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < toH; y++) {
    sums.fill(HALF);
    const many = count[y] as number;
    for (let i = 0; i < many; i++) {
      const weight = weights[y * stride + i] as number;
      const from = ((first[y] as number) + i) * rowLength;
      for (let x = 0; x < rowLength; x++) {
        sums[x] = (sums[x] as number) + (image[from + x] as number) * weight;
      }
    }
    for (let x = 0; x < rowLength; x++) {
      out[y * rowLength + x] = (sums[x] as number) >> PRECISION_BITS;
    }
  }
  return new Uint8Array(out.buffer);
}

/** What makes the shift round: sums stay below 2^31, because weights sum to 1 and |weights| below 2. */
const HALF = 2 ** (PRECISION_BITS - 1);

function checkImage(image: Uint8Array, w: number, h: number, to: readonly number[]): void {
  for (const side of [w, h, ...to]) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) continue;
    throw new LacunaError({
      what: 'a side of an image is out of bounds',
      got: String(side),
      expected: `an integer in [1, ${MAX_SIDE}]`,
    });
  }
  if (image.length === w * h * CHANNELS) return;
  throw new LacunaError({
    what: 'the image does not have the size that it is said to have',
    got: `${image.length} bytes`,
    expected: `${w * h * CHANNELS}, for ${h} rows of ${w} RGB pixels`,
  });
}
