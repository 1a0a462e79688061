import type { AugmentationName } from '../../spec/index.js';
import type { ToneName } from './tone.js';

/** Operations that move the pixels of a frame. */
export type WarpName = Exclude<AugmentationName, ToneName>;

/** Where a pixel comes from: x' = a x + b y + c, y' = d x + e y + f, in pixels from the corner. */
type Affine = readonly [number, number, number, number, number, number];

/** What stands where nothing comes from. */
const FILL = 128;

/** The map of an operation on frames of `size` pixels. Source: timm auto_augment.py, Pillow's `rotate`. */
export function affineOf(name: WarpName, level: number, size: number): Affine {
  switch (name) {
    case 'shear-x':
      return [1, level, 0, 0, 1, 0];
    case 'shear-y':
      return [1, 0, 0, level, 1, 0];
    case 'translate-x':
      return [1, 0, level * size, 0, 1, 0];
    case 'translate-y':
      return [1, 0, 0, 0, 1, level * size];
    case 'rotate': {
      const angle = -(level * Math.PI) / 180;
      // As Pillow rounds them.
      const rounded = (x: number): number => Math.round(x * 1e15) / 1e15;
      const [cosine, sine] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
      const centre = size / 2;
      return [
        cosine,
        sine,
        centre - cosine * centre - sine * centre,
        -sine,
        cosine,
        centre + sine * centre - cosine * centre,
      ];
    }
    default:
      return name satisfies never;
  }
}

/** Pillow's cubic through four neighbours, at d in [0, 1) behind the second. */
function cubic(a: number, b: number, c: number, d: number, at: number): number {
  return b + at * (-a + c + at * (2 * (a - b) + c - d + at * (-a + b - c + d)));
}

/** A square frame [size, size, 3] moved by an affine map, sampled bicubically as Pillow does. */
export function warped(
  frame: Uint8Array,
  [a, b, c, d, e, f]: Affine,
  size: number,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(frame.length).fill(FILL);
  const clip = (at: number): number => Math.min(size - 1, Math.max(0, at));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c;
      const y = d * (column + 0.5) + e * (row + 0.5) + f;
      if (x < 0 || x >= size || y < 0 || y >= size) continue;
      const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
      const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
      const columns = [-1, 0, 1, 2].map((i) => 3 * clip(left + i));
      for (let channel = 0; channel < 3; channel++) {
        const line = (at: number): number => {
          const start = clip(at) * size * 3 + channel;
          const [i = 0, j = 0, k = 0, l = 0] = columns.map((place) => frame[start + place] ?? 0);
          return cubic(i, j, k, l, dx);
        };
        // Pillow repeats what it has already where a line lies outside.
        const first = line(top - 1);
        const second = top >= 0 && top < size ? line(top) : first;
        const third = top + 1 >= 0 && top + 1 < size ? line(top + 1) : second;
        const fourth = top + 2 >= 0 && top + 2 < size ? line(top + 2) : third;
        const value = cubic(first, second, third, fourth, dy);
        result[(row * size + column) * 3 + channel] =
          value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
      }
    }
  return result;
}
