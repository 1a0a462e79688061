import { LacunaError } from '../../spec/errors.js';
import { FLOW_UNITS, type PatchedClip } from './clip-motion.js';
import type { FlowModel } from './flow-model.js';
import { framePlanes } from './frame-planes.js';

/**
 * The stored flow of a clip as `flowMap` has it, int16 [T, 2 rows, 2 columns, 2], by a model.
 *
 * For each frame the model is asked for the flow from it to its neighbour that is nearer to frame
 * floor(T / 2); between two frames of equal pixels nothing moves, and it is not asked. Frames of
 * another size than the model's are resized to it (`framePlanes`), and the vectors are scaled back,
 * x by W / W' and y by H / H'. A quarter of a patch has the mean of the vectors of all pixels of the
 * model that it touches, summed in float64 row by row, in 1/256 of a patch side, halves upwards, at
 * most the ends of int16.
 *
 * What the model gives is floating point, and another machine's may differ in its last bits: so may
 * a quarter whose mean lies next to a half. Everything after this map is exact.
 *
 * @throws LacunaError if the model fails, or gives a value that is not finite.
 */
export async function modelFlowMap(
  clip: PatchedClip,
  model: FlowModel,
): Promise<Int16Array<ArrayBuffer>> {
  const { video, width, height, patch } = clip;
  const bytes = 3 * width * height;
  const frames = Math.floor(video.length / bytes);
  const [rows, columns] = [Math.floor((2 * height) / patch), Math.floor((2 * width) / patch)];
  const flow = new Int16Array(frames * rows * columns * 2);
  const frame = (t: number): Uint8Array => video.subarray(t * bytes, (t + 1) * bytes);
  const middle = frames >> 1;
  for (const direction of [1, -1]) {
    let nearer = framePlanes(video, middle, clip, model);
    for (let t = middle + direction; t >= 0 && t < frames; t += direction) {
      if (Buffer.compare(frame(t), frame(t - direction)) === 0) continue;
      const own = framePlanes(video, t, clip, model);
      const vectors = await model.flow(own, nearer);
      nearer = own;
      for (let n = 0; n < rows * columns; n++) {
        const down = touched(Math.floor(n / columns), rows, model.height);
        const across = touched(n % columns, columns, model.width);
        for (const axis of [0, 1]) {
          const plane = vectors.subarray(axis * model.width * model.height);
          const mean = meanOf(plane, model.width, down, across);
          if (!Number.isFinite(mean)) throw notFinite(mean, t, t - direction);
          const back = axis === 0 ? width / model.width : height / model.height;
          const value = Math.floor((mean * back * FLOW_UNITS) / patch + 0.5);
          flow[2 * (t * rows * columns + n) + axis] = Math.min(Math.max(value, -0x8000), 0x7fff);
        }
      }
    }
  }
  return flow;
}

/** From and up to which of `pixels` the part `n` of `parts` equal parts reaches. */
function touched(n: number, parts: number, pixels: number): readonly [number, number] {
  return [Math.floor((n * pixels) / parts), Math.ceil(((n + 1) * pixels) / parts)];
}

function meanOf(
  plane: Float32Array,
  width: number,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sum += plane[y * width + x] as number;
  }
  return sum / ((bottom - top) * (right - left));
}

function notFinite(value: number, from: number, to: number): LacunaError {
  return new LacunaError({
    what: 'the model of optical flow gives a value that is not finite',
    got: `${value} from frame ${from} of the clip to frame ${to}`,
  });
}
