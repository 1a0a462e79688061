import { choose } from '../random/shuffle.js';
import { type Grid, placesPerSlot, tokenCount } from './grid.js';
import type { MaskKind, MaskMap } from './kind.js';
import { maskExtremes } from './mask-extremes.js';
import { maskedCount } from './rounding.js';

/** Samples of a visibility map along the side of a patch, in the middle of equal parts. */
const SAMPLES = 8;
/** Blocks of a stored flow along the side of a patch. */
const BLOCKS = 2;
/** Steps of a warped position between two samples: the flow has 256 to a patch. */
const STEPS = 32;

/**
 * round(2^16 exp(-(k / 16)^2)) for k = 1, 3, 5, ...: a Gaussian of one patch's width (no factor 1/2)
 * at a sample k/16 patches from its centre, along one axis. Beyond the table it is 0.
 */
export const GAUSSIAN: readonly number[] = [
  65280, 63272, 59439, 54119, 47760, 40851, 33867, 27213, 21193, 15998, 11704, 8299, 5704, 3800,
  2453, 1535, 931, 547, 312, 172, 92, 48, 24, 12, 6, 3, 1,
];

/**
 * MGMAE: the visible tokens follow the motion of the clip; the others are masked.
 *
 * With T frames in the flow, b = floor(T / 2), and S = 8 samples along a patch side:
 *
 * 1. Of the places, n - floor(ratio n) are drawn (`choose`). The base map is at each sample the
 *    highest over these places of floor(g(dx) g(dy) / 2^16), g as in `GAUSSIAN`.
 * 2. The map of frame b is the base map. For t = b + 1 ... T - 1 and t = b - 1 ... 0, the map of
 *    frame t is that of its neighbour on the side of b, read at x + flow_t(x): bilinear in 1/32
 *    samples, 0 outside, floor((sum + 512) / 1024). A sample all of whose sources lie outside is a
 *    hole and takes the base map's value.
 * 3. A token's value is the sum over its cube; in each slot the tokens of the lowest values are
 *    masked, of equals the lower index first, so that as many stay visible as the ratio says.
 *
 * Integers throughout: an exact function of (stored flow, draw).
 *
 * Departures from the authors' code, for exactness unless said otherwise:
 * - Flow of blocks of half a patch, stored, in place of RAFT's for each pixel, which no two machines
 *   compute alike; maps at 8 samples a patch in place of 16, which is fine enough for such blocks.
 * - Holes are samples warped from outside. There they are samples that are exactly 0, which with a
 *   Gaussian that never ends is the same; here a Gaussian ends where it rounds to 0.
 * - The division of the base map by its maximum is left out: it is one factor for all.
 * - For frames before b the flow is taken from the new frame to the known one, as for those after.
 *   There a comparison with a name that no option has leaves the frames the other way round.
 *
 * Of 196 places at ratio 0.9, 20 Gaussians are drawn and 19 tokens stay visible: the code rounds the
 * two differently, and so does this.
 */
export const flowWarped: MaskKind = {
  per: 'slot',
  map: 'flow',
  rounding: 'floor-visible',
  ratio: 0.9,
  source: "MGMAE's engine_for_mgmae.py keeps int(places * (1 - ratio)) tokens of each slot visible",
  draw({ grid, count, ratio, stream, map }) {
    if (count === 0) return new Uint8Array(tokenCount(grid));
    const places = placesPerSlot(grid);
    const centres = choose(stream, places, places - maskedCount('floor-masked', places, ratio));
    const base = baseMap(grid, centres);
    const frames = map.length / (2 * BLOCKS ** 2 * places);
    const middle = Math.floor(frames / 2);
    const sums = new Int32Array(tokenCount(grid));
    const tubelet = frames / grid.slots;
    addFrame(sums, grid, Math.floor(middle / tubelet), base);
    for (const direction of [1, -1]) {
      let known = base;
      for (let t = middle + direction; t >= 0 && t < frames; t += direction) {
        known = warped(grid, known, base, map, t);
        addFrame(sums, grid, Math.floor(t / tubelet), known);
      }
    }
    return maskExtremes(grid, sums, count, 'lowest');
  },
};

/** The visibility of the base frame, [rows * 8, columns * 8]. */
function baseMap({ rows, columns }: Grid, centres: Int32Array): Int32Array {
  const width = columns * SAMPLES;
  const map = new Int32Array(rows * SAMPLES * width);
  const reach = GAUSSIAN.length;
  for (const place of centres) {
    // The centre lies between samples c - 1 and c.
    const centreY = Math.floor(place / columns) * SAMPLES + SAMPLES / 2;
    const centreX = (place % columns) * SAMPLES + SAMPLES / 2;
    for (let y = Math.max(0, centreY - reach); y < centreY + reach; y++) {
      if (y >= rows * SAMPLES) break;
      for (let x = Math.max(0, centreX - reach); x < Math.min(width, centreX + reach); x++) {
        const product = gaussian(x - centreX) * gaussian(y - centreY);
        const at = y * width + x;
        map[at] = Math.max(map[at] as number, Math.floor(product / 0x10000));
      }
    }
  }
  return map;
}

/** The value at `i` + 1/2 samples from the centre. */
function gaussian(i: number): number {
  return GAUSSIAN[i < 0 ? -i - 1 : i] ?? 0;
}

/** The map of frame t, from that of its neighbour. */
function warped(
  { rows, columns }: Grid,
  known: Int32Array,
  base: Int32Array,
  flow: MaskMap,
  t: number,
): Int32Array {
  const width = columns * SAMPLES;
  const height = rows * SAMPLES;
  const side = SAMPLES / BLOCKS;
  const map = new Int32Array(known.length);
  const value = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (known[y * width + x] as number);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = t * rows * BLOCKS + Math.floor(y / side);
      const block = 2 * (row * columns * BLOCKS + Math.floor(x / side));
      const toX = STEPS * x + (flow[block] as number);
      const toY = STEPS * y + (flow[block + 1] as number);
      const at = y * width + x;
      const isOutside =
        toX <= -STEPS || toY <= -STEPS || toX >= STEPS * width || toY >= STEPS * height;
      if (isOutside) {
        map[at] = base[at] as number;
        continue;
      }
      const [left, top] = [Math.floor(toX / STEPS), Math.floor(toY / STEPS)];
      const [right, down] = [toX - STEPS * left, toY - STEPS * top];
      const above = (STEPS - right) * value(left, top) + right * value(left + 1, top);
      const below = (STEPS - right) * value(left, top + 1) + right * value(left + 1, top + 1);
      const sum = (STEPS - down) * above + down * below;
      map[at] = Math.floor((sum + STEPS ** 2 / 2) / STEPS ** 2);
    }
  }
  return map;
}

/** Adds one frame's map to the sums of the cubes of its slot. */
function addFrame(sums: Int32Array, grid: Grid, slot: number, map: Int32Array): void {
  const { columns } = grid;
  const width = columns * SAMPLES;
  const start = slot * placesPerSlot(grid);
  for (let i = 0; i < map.length; i++) {
    const row = Math.floor(i / width / SAMPLES);
    const n = start + row * columns + Math.floor((i % width) / SAMPLES);
    sums[n] = (sums[n] as number) + (map[i] as number);
  }
}
