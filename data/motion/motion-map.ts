import type { MotionField } from './motion-field.js';

/** What is done about motion that the whole picture shares. */
export type CameraMotion = (typeof CAMERA_MOTIONS)[number];
export const CAMERA_MOTIONS = ['keep', 'compensate'] as const;

/** How a field becomes a map. */
export interface MotionMapOptions {
  /** Frames of a cube. */
  readonly tubelet: number;
  /** Blocks of the field along the side of a patch. */
  readonly blocksPerPatch: number;
  readonly camera: CameraMotion;
}

/** The unit of a map: 64 to a pixel. */
const LENGTH_SCALE = 4;

/**
 * The motion map of a clip, uint16 [slots, rows * columns]: for each cube the sum over its frames of
 * the mean length of its blocks' vectors, in 1/64 pixels, each mean rounded down, the sum at most
 * 65535. Blocks without known motion count as at rest.
 *
 * `compensate` first subtracts from each frame its camera motion, the median of x and of y over the
 * blocks with known motion. A median takes out pans, tilts and shake as long as the background is
 * more than half of what has texture, and it is exact; zoom and rotation leave a rest that grows
 * towards the edges. (A robust affine fit would take these out, but iterates in floats, and a close
 * object that fills the picture would bend it.)
 */
export function motionMap(field: MotionField, options: MotionMapOptions): Uint16Array<ArrayBuffer> {
  const { tubelet, blocksPerPatch, camera } = options;
  const { frames, rows, columns } = field;
  const vectors = camera === 'compensate' ? compensated(field) : field.vectors;
  const patchColumns = Math.floor(columns / blocksPerPatch);
  const places = Math.floor(rows / blocksPerPatch) * patchColumns;
  const map = new Uint16Array(Math.floor(frames / tubelet) * places);
  for (let cube = 0; cube < map.length; cube++) {
    const slot = Math.floor(cube / places);
    const place = cube % places;
    let total = 0;
    for (let t = slot * tubelet; t < (slot + 1) * tubelet; t++) {
      let sum = 0;
      for (let i = 0; i < blocksPerPatch ** 2; i++) {
        const row =
          Math.floor(place / patchColumns) * blocksPerPatch + Math.floor(i / blocksPerPatch);
        const column = (place % patchColumns) * blocksPerPatch + (i % blocksPerPatch);
        const n = 2 * ((t * rows + row) * columns + column);
        sum += length(vectors[n] as number, vectors[n + 1] as number);
      }
      total += Math.floor(sum / blocksPerPatch ** 2);
    }
    map[cube] = Math.min(total, 0xffff);
  }
  return map;
}

/** floor(4 sqrt(x^2 + y^2)): square roots are rounded correctly everywhere, so this is exact. */
function length(x: number, y: number): number {
  return Math.floor(Math.sqrt(LENGTH_SCALE ** 2 * (x * x + y * y)));
}

/** The vectors less their frame's median, where motion is known. */
function compensated({ frames, rows, columns, vectors, measured }: MotionField): Int32Array {
  const blocks = rows * columns;
  const rest = new Int32Array(vectors.length);
  for (let t = 0; t < frames; t++) {
    const known: number[] = [];
    for (let n = t * blocks; n < (t + 1) * blocks; n++) if (measured[n] === 1) known.push(n);
    for (const axis of [0, 1]) {
      const camera = median(known.map((n) => vectors[2 * n + axis] as number));
      for (const n of known) rest[2 * n + axis] = (vectors[2 * n + axis] as number) - camera;
    }
  }
  return rest;
}

/** The middle value, of an even number the lower of the two; 0 of none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;
}
