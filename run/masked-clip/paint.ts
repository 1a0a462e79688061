import type { Grid, MapName, MaskMap } from '../../spec/index.js';

/** How a clip is cut into tokens. */
export interface PaintedClip {
  /** RGB [T, size, size, 3]. */
  readonly video: Uint8Array;
  readonly size: number;
  readonly patch: number;
  readonly tubelet: number;
  readonly grid: Grid;
}

const MASKED_GREY = 128;
const MASKED_SHARE = 0.2;
const LINE: readonly number[] = [20, 20, 20];

/** One frame of the clip, a copy. */
export function frameOf({ video, size }: PaintedClip, t: number): Uint8Array {
  return video.slice(t * size * size * 3, (t + 1) * size * size * 3);
}

/** A frame whose masked patches are almost grey, with a dark line between masked and visible ones. */
export function maskedFrame(clip: PaintedClip, t: number, isMasked: Uint8Array): Uint8Array {
  const pixels = frameOf(clip, t);
  const { size, patch, tubelet, grid } = clip;
  const start = Math.floor(t / tubelet) * grid.rows * grid.columns;
  const masked = (x: number, y: number): boolean =>
    isMasked[start + Math.floor(y / patch) * grid.columns + Math.floor(x / patch)] === 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!masked(x, y)) continue;
      const at = (y * size + x) * 3;
      const isEdge =
        (x > 0 && !masked(x - 1, y)) ||
        (y > 0 && !masked(x, y - 1)) ||
        (x + 1 < size && !masked(x + 1, y)) ||
        (y + 1 < size && !masked(x, y + 1));
      for (let c = 0; c < 3; c++) {
        const value = pixels[at + c] as number;
        pixels[at + c] = isEdge
          ? (LINE[c] as number)
          : Math.round(MASKED_SHARE * value + (1 - MASKED_SHARE) * MASKED_GREY);
      }
    }
  }
  return pixels;
}

/** A frame in grey under the colours of its map: blue is the clip's lowest value, red its highest. */
export function heatFrame(clip: PaintedClip, t: number, heat: Float64Array): Uint8Array {
  const pixels = frameOf(clip, t);
  const { size, patch, tubelet, grid } = clip;
  const places = grid.rows * grid.columns;
  const start = Math.floor(t / tubelet) * places;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      const sum = pixels.subarray(at, at + 3).reduce((total, value) => total + value, 0);
      const value = heat[
        start + Math.floor(y / patch) * grid.columns + Math.floor(x / patch)
      ] as number;
      colour(value).forEach((channel, c) => {
        pixels[at + c] = Math.round(0.45 * (sum / 3) + 0.55 * channel);
      });
    }
  }
  return pixels;
}

/** What is shown of a stored map: a value in [0, 1] for each token. Of a flow, how far it reaches. */
export function heatOf(name: MapName, map: MaskMap, grid: Grid): Float64Array {
  const values = name === 'flow' ? flowLengths(map, grid) : Float64Array.from(map);
  // A map may have more values than a call takes arguments.
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  // The colours of motion and flow begin at 0, which means no motion. A similarity of 0 means nothing
  // special, so its colours begin at the smallest one.
  const floor = name === 'similarity' ? low : 0;
  return values.map((value) => (high > floor ? (value - floor) / (high - floor) : 0));
}

function flowLengths(map: MaskMap, { slots, rows, columns }: Grid): Float64Array {
  const places = rows * columns;
  const lengths = new Float64Array(slots * places);
  const tubelet = map.length / (8 * slots * places);
  for (let block = 0; block < map.length / 2; block++) {
    const column = Math.floor((block % (2 * columns)) / 2);
    const row = Math.floor((Math.floor(block / (2 * columns)) % (2 * rows)) / 2);
    const slot = Math.floor(block / (4 * places * tubelet));
    const n = slot * places + row * columns + column;
    const length = Math.hypot(map[2 * block] as number, map[2 * block + 1] as number);
    lengths[n] = (lengths[n] as number) + length;
  }
  return lengths;
}

const COLOURS: readonly (readonly [number, number, number])[] = [
  [30, 40, 120],
  [40, 150, 200],
  [120, 210, 110],
  [250, 200, 50],
  [220, 40, 40],
];

function colour(value: number): readonly number[] {
  const place = Math.min(Math.max(value, 0), 1) * (COLOURS.length - 1);
  const below = Math.min(Math.floor(place), COLOURS.length - 2);
  const [from, to] = [COLOURS[below] ?? [], COLOURS[below + 1] ?? []];
  return [0, 1, 2].map((c) => (from[c] ?? 0) + (place - below) * ((to[c] ?? 0) - (from[c] ?? 0)));
}
