import type { RandomStream } from '../../../spec/random/stream.js';
import { FRAME_SIDE, newPicture, type Picture, type Rgb } from '../frame.js';
import type { Place } from './scene-content.js';

/** Pixels of a place beyond each edge of the frame, for the camera to move over. */
export const PLACE_MARGIN = 16;
const SIDE = FRAME_SIDE + 2 * PLACE_MARGIN;

/** A painted place, larger than a frame: red, green and blue by pixel, `SIDE` pixels a row. */
export type PlacePicture = Float32Array;

interface Look {
  /** Above and below the horizon. */
  readonly far: Rgb;
  readonly near: Rgb;
  /** How far brightness varies, 0 to 255. */
  readonly contrast: number;
  /** Pixels between the points of the coarsest of three noises; the others are half and a quarter of it. */
  readonly grain: readonly [across: number, down: number];
}

const LOOKS: Readonly<Record<Place, Look>> = {
  meadow: { far: [150, 190, 235], near: [92, 140, 60], contrast: 70, grain: [8, 8] },
  beach: { far: [120, 180, 220], near: [214, 190, 140], contrast: 45, grain: [8, 6] },
  sea: { far: [170, 195, 215], near: [30, 86, 128], contrast: 80, grain: [24, 6] },
  desert: { far: [225, 205, 170], near: [196, 132, 74], contrast: 60, grain: [32, 12] },
  snow: { far: [186, 200, 214], near: [232, 236, 242], contrast: 40, grain: [16, 12] },
  forest: { far: [44, 66, 40], near: [66, 52, 36], contrast: 80, grain: [6, 32] },
  street: { far: [128, 104, 96], near: [92, 92, 96], contrast: 50, grain: [6, 6] },
  night: { far: [14, 16, 44], near: [26, 30, 34], contrast: 34, grain: [12, 12] },
};

/**
 * Paints a place: a far and a near half with a horizon between them, under noise of three scales that is drawn anew for each
 * clip, with waves, bricks or stars where the place has them. Only + - * /, so that every machine paints the same.
 */
export function paintPlace(place: Place, stream: RandomStream): PlacePicture {
  const { far, near, contrast, grain } = LOOKS[place];
  const horizon = SIDE * (0.3 + 0.25 * stream.uniform());
  const octaves = [1, 2, 4].map((finer) => ({
    value: noise(grain[0] / finer, grain[1] / finer, stream),
    weight: 1 / finer,
  }));
  const detail = drawDetail(place, stream);
  const picture = new Float32Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let shade = detail(x, y, y < horizon);
      for (const { value, weight } of octaves) {
        shade += contrast * weight * (value(x, y) - 0.5);
      }
      const base = y < horizon ? far : near;
      const offset = (y * SIDE + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        picture[offset + channel] = Math.min(Math.max((base[channel] ?? 0) + shade, 0), 255);
      }
    }
  }
  return picture;
}

/** What the camera sees of a place from (x, y), its offset from the middle: bilinear between pixels. */
export function viewOf(place: PlacePicture, x: number, y: number): Picture {
  const picture = newPicture();
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [partX, partY] = [x - left, y - top];
  const line = 3 * SIDE;
  for (let row = 0; row < FRAME_SIDE; row++) {
    const start = ((row + top + PLACE_MARGIN) * SIDE + left + PLACE_MARGIN) * 3;
    for (let i = 0; i < 3 * FRAME_SIDE; i++) {
      const at = start + i;
      const [a = 0, b = 0] = [place[at], place[at + 3]];
      const [c = 0, d = 0] = [place[at + line], place[at + line + 3]];
      const above = a + (b - a) * partX;
      picture[row * 3 * FRAME_SIDE + i] = above + (c + (d - c) * partX - above) * partY;
    }
  }
  return picture;
}

/** Uniform values at the points of a grid, bilinear between them: in [0, 1]. */
function noise(
  across: number,
  down: number,
  stream: RandomStream,
): (x: number, y: number) => number {
  const columns = Math.floor(SIDE / across) + 2;
  const rows = Math.floor(SIDE / down) + 2;
  const values = Float32Array.from({ length: columns * rows }, () => stream.uniform());
  return (x, y) => {
    const [u, v] = [x / across, y / down];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const at = (c: number, r: number): number => values[(row + r) * columns + column + c] ?? 0;
    const above = at(0, 0) + (at(1, 0) - at(0, 0)) * (u - column);
    const below = at(0, 1) + (at(1, 1) - at(0, 1)) * (u - column);
    return above + (below - above) * (v - row);
  };
}

/** What a place has beside noise, as brightness that is added. */
function drawDetail(
  place: Place,
  stream: RandomStream,
): (x: number, y: number, isFar: boolean) => number {
  const phase = stream.integer(16);
  switch (place) {
    case 'sea':
      // Crests: a triangle wave down the picture.
      return (_, y, isFar) => (isFar ? 0 : 8 * Math.abs(((y + phase) % 8) - 4) - 16);
    case 'street':
      // Walls of brick, and a road with a broken line.
      return (x, y, isFar) => {
        if (!isFar) return (y + phase) % 24 < 2 && x % 16 < 9 ? 110 : 0;
        const shift = Math.floor(y / 6) % 2 === 0 ? 0 : 6;
        return y % 6 === 0 || (x + shift + phase) % 12 === 0 ? -45 : 0;
      };
    case 'forest':
      return (x, _, isFar) => (isFar && (x + phase) % 11 < 3 ? -30 : 0);
    case 'night': {
      const stars = new Set(Array.from({ length: 60 }, () => stream.integer(SIDE * SIDE)));
      return (x, y, isFar) => (isFar && stars.has(y * SIDE + x) ? 200 : 0);
    }
    default:
      return () => 0;
  }
}
