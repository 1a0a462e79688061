import { encode } from 'fast-png';
import {
  cubeSize,
  gridOf,
  type TargetKind,
  unpatchify,
  type VideoConfig,
} from '../../spec/index.js';
import type { Reconstruction } from '../../training/index.js';

/** Frames of a clip side by side, as a data URI of a PNG. */
export interface Strip {
  readonly title: string;
  readonly note: string;
  readonly png: string;
}

const CHANNELS = 3;
const MOST_FRAMES = 6;
/** Pictures are enlarged by a whole factor to about this height. */
const HEIGHT = 112;
const MASKED_SHARE = 0.25;
const EPS = 1e-6;

/** What a reader sees of one reconstructed clip: frames, mask, prediction with and without help. */
export function strips(
  example: Reconstruction,
  video: VideoConfig,
  target: TargetKind,
): readonly Strip[] {
  const cubes = patches(example.frames, video);
  const { masked } = example.mask;
  const size = cubeSize(video);
  const seen = cubes.slice();
  const helped = cubes.slice();
  const alone = cubes.slice();
  masked.forEach((token, row) => {
    const from = token * size;
    const truth = cubes.subarray(from, from + size);
    const prediction = example.prediction.subarray(row * size, (row + 1) * size);
    seen.set(
      truth.map((value) => value * MASKED_SHARE),
      from,
    );
    helped.set(withStatistics(prediction, truth, target), from);
    alone.set(target === 'raw' ? prediction : prediction.map((value) => 0.5 + value / 6), from);
  });
  const strip = (title: string, note: string, values: Float32Array): Strip => ({
    title,
    note,
    png: png(unpatchify(values, video), video),
  });
  return [
    strip('target', 'the clip as it is', cubes),
    strip('mask', 'masked cubes are darkened: the encoder never reads them', seen),
    ...(target === 'raw'
      ? []
      : [
          strip(
            'reconstruction with true statistics',
            'masked cubes predicted, with the mean and deviation of the true cube added back: this looks better than the network is',
            helped,
          ),
        ]),
    strip(
      'reconstruction alone',
      target === 'raw'
        ? 'masked cubes as predicted'
        : 'masked cubes as the network predicts them, in normalised units around grey',
      alone,
    ),
  ];
}

/** Frames u8 [T, S, S, 3] to cubes [N, P] in [0, 1], in the order of `patchify`. */
function patches(frames: Uint8Array, video: VideoConfig): Float32Array {
  const order = unpatchify(
    Float32Array.from(frames, (_, index) => index),
    video,
  );
  const cubes = new Float32Array(frames.length);
  // unpatchify moves cube value c to frame position f: order[f] = c.
  order.forEach((cube, position) => {
    cubes[cube] = (frames[position] as number) / 255;
  });
  return cubes;
}

/** The prediction of a normalised target brought back to pixels, with the true cube's statistics. */
function withStatistics(
  prediction: Float32Array,
  truth: Float32Array,
  target: TargetKind,
): Float32Array {
  const groups = target === 'per-cube-channel' ? CHANNELS : 1;
  const result = new Float32Array(prediction.length);
  for (let group = 0; group < groups; group++) {
    const indices: number[] = [];
    for (let i = group; i < truth.length; i += groups) indices.push(i);
    const mean = indices.reduce((sum, i) => sum + (truth[i] as number), 0) / indices.length;
    const square = indices.reduce((sum, i) => sum + ((truth[i] as number) - mean) ** 2, 0);
    const deviation = Math.sqrt(square / (indices.length - 1)) + EPS;
    for (const i of indices) result[i] = (prediction[i] as number) * deviation + mean;
  }
  return result;
}

/** Up to six frames of a clip [T, S, S, 3] in [0, 1] in one row, enlarged. */
function png(frames: Float32Array, video: VideoConfig): string {
  const { size } = video;
  const { slots } = gridOf(video);
  const count = Math.min(MOST_FRAMES, slots);
  const shown = Array.from(
    { length: count },
    (_, i) => Math.floor((i * slots) / count) * video.tubelet,
  );
  const factor = Math.max(1, Math.round(HEIGHT / size));
  const side = size * factor;
  const gap = 4;
  const width = count * side + (count - 1) * gap;
  const data = new Uint8Array(width * side * 4);
  shown.forEach((frame, column) => {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const source =
          ((frame * size + Math.floor(y / factor)) * size + Math.floor(x / factor)) * CHANNELS;
        const at = (y * width + column * (side + gap) + x) * 4;
        for (let c = 0; c < CHANNELS; c++) {
          data[at + c] = Math.round(Math.min(1, Math.max(0, frames[source + c] as number)) * 255);
        }
        data[at + 3] = 255;
      }
    }
  });
  const bytes = encode({ width, height: side, data, channels: 4, depth: 8 });
  return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
}
