import { LacunaError } from '../errors.js';

/**
 * How the kernel of a patch becomes that of a cube of t frames.
 * - `average`: every frame has the kernel divided by t, so that a clip whose frames are all one image
 *   is embedded as the image was (Carreira and Zisserman 2017, I3D).
 * - `centre`: frame floor(t / 2) has the kernel, and the others 0: a cube is embedded as that frame
 *   alone (Arnab et al. 2021, ViViT, central frame initialisation).
 */
export const INFLATIONS = ['average', 'centre'] as const;
export type Inflation = (typeof INFLATIONS)[number];

/** What a table of positions is of: see `resizePlaces` and `resizeSlots`. */
export const RESIZES = ['places', 'slots'] as const;
export type Resize = (typeof RESIZES)[number];

/** Rows and columns of a table of places. */
export type PlaceGrid = readonly [rows: number, columns: number];

/** Of the cubic convolution kernel (Keys 1981), as PyTorch's `bicubic` has it. */
const A = -0.75;

/**
 * A table of position embeddings for another grid: [R, C, D] to [R', C', D], each channel for itself.
 *
 * Bicubic, pixel centres at halves, edges repeated, no smoothing before a smaller grid: with R' rows,
 * row i lies at y = (i + 1/2) R / R' - 1/2, and is the sum over k = -1, 0, 1, 2 of w(y - floor(y) - k)
 * times row clip(floor(y) + k, 0, R - 1), w being Keys' kernel with a = -0.75:
 * (a + 2)|x|^3 - (a + 3)|x|^2 + 1 up to 1, a|x|^3 - 5a|x|^2 + 8a|x| - 4a up to 2. Columns first, then
 * rows. Sums run from k = -1 on, in float64; the result is rounded to float32 once. An axis of the same
 * size stays as it is.
 *
 * Source: Hugging Face modeling_vit.py `interpolate_pos_encoding` (bicubic, align_corners false).
 */
export function resizePlaces(
  table: ArrayLike<number>,
  from: PlaceGrid,
  to: PlaceGrid,
  width: number,
): Float32Array {
  requireElements(table, from[0] * from[1] * width);
  const [rows, columns] = to;
  const byColumn = resizeAxis(table, from[0], from[1], columns, width);
  const done = resizeAxis(byColumn, 1, from[0], rows, columns * width);
  return Float32Array.from(done);
}

/** The middle axis of [outer, from, inner] by the rule of `resizePlaces`. */
function resizeAxis(
  values: ArrayLike<number>,
  outer: number,
  from: number,
  to: number,
  inner: number,
): ArrayLike<number> {
  if (from === to) return values;
  const result = new Float64Array(outer * to * inner);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) * from) / to - 0.5;
    const below = Math.floor(at);
    for (let k = -1; k <= 2; k++) {
      const weight = cubic(Math.abs(at - below - k));
      const row = Math.min(Math.max(below + k, 0), from - 1);
      for (let o = 0; o < outer; o++) {
        const [source, target] = [(o * from + row) * inner, (o * to + i) * inner];
        for (let j = 0; j < inner; j++)
          result[target + j] =
            (result[target + j] as number) + weight * (values[source + j] as number);
      }
    }
  }
  return result;
}

function cubic(x: number): number {
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}

/**
 * A table of slot embeddings for another number of slots: [S, D] to [S', D], linear between the two
 * nearest slots, with their centres at halves and the ends repeated: slot i lies at
 * s = (i + 1/2) S / S' - 1/2, cut to [0, S - 1]. In float64, rounded to float32 once; of one slot, all
 * are that one. (Frozen-in-Time's `bilinear` puts the ends on each other instead.)
 */
export function resizeSlots(
  table: ArrayLike<number>,
  from: number,
  to: number,
  width: number,
): Float32Array {
  requireElements(table, from * width);
  if (from === to) return Float32Array.from(table);
  const result = new Float32Array(to * width);
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const below = Math.floor(at);
    const [low, high] = [below * width, Math.min(below + 1, from - 1) * width];
    for (let j = 0; j < width; j++) {
      const share = at - below;
      const value = (1 - share) * (table[low + j] as number) + share * (table[high + j] as number);
      result[i * width + j] = value;
    }
  }
  return result;
}

/**
 * The kernel of a patch [D, p * p * 3], channels last, as that of a cube of `tubelet` frames
 * [D, t * p * p * 3].
 */
export function inflatePatch(
  kernel: ArrayLike<number>,
  outputs: number,
  tubelet: number,
  inflation: Inflation,
): Float32Array {
  const inner = kernel.length / outputs;
  const result = new Float32Array(kernel.length * tubelet);
  for (let d = 0; d < outputs; d++)
    for (let frame = 0; frame < tubelet; frame++) {
      const isCentre = frame === Math.floor(tubelet / 2);
      const factor = inflation === 'average' ? 1 / tubelet : Number(isCentre);
      const target = (d * tubelet + frame) * inner;
      for (let j = 0; j < inner; j++)
        result[target + j] = (kernel[d * inner + j] as number) * factor;
    }
  return result;
}

function requireElements(table: ArrayLike<number>, expected: number): void {
  if (table.length === expected) return;
  throw new LacunaError({
    what: 'a table of positions has another size than its grid',
    got: `${table.length} numbers`,
    expected: `${expected}`,
  });
}
