import { encode } from 'fast-png';
import { type Html, html } from '../formats/html/html.js';
import {
  cubeSize,
  gridOf,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type TargetKind,
  unpatchify,
  type VideoConfig,
} from '../spec/index.js';
import { heated, lastBlock, peakOf } from './attention-picture.js';
import type { Reconstruction } from './reconstruction.js';

/** Frames of a clip side by side, as a data URI of a PNG. */
export interface Strip {
  readonly title: string;
  readonly note: string;
  readonly png: string;
}

/** A clip to look at. */
export interface Example extends Reconstruction {
  /** [L, N]: see `attentionMaps`. */
  readonly attention?: Float32Array;
}

const CHANNELS = 3;
const MAX_FRAMES = 6;
/** Pictures are enlarged by a whole factor to about this height. */
const HEIGHT = 112;
const MASKED_SHARE = 0.25;
const EPS = 1e-6;

/**
 * What a reader sees of one reconstructed clip: frames, mask, prediction with and without help, and
 * what the middle of the clip attends to.
 */
export function strips(example: Example, video: VideoConfig, target: TargetKind): readonly Strip[] {
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
    helped.set(withStatistics(prediction, truth, target, video), from);
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
    ...attentionStrip(example, cubes, video, strip),
  ];
}

function attentionStrip(
  { attention }: Example,
  cubes: Float32Array,
  video: VideoConfig,
  strip: (title: string, note: string, values: Float32Array) => Strip,
): readonly Strip[] {
  if (attention === undefined) return [];
  const shares = lastBlock(attention, video);
  const peak = peakOf(shares, video).toFixed(1);
  const note = `what the outlined patch attends to in the last block, mean of the heads, nothing masked; the brightest gets ${peak} times an even share`;
  return [strip('attention of the centre patch', note, heated(cubes, shares, video))];
}

/** A strip of the clip `id` with its title and note. */
export function figure({ title, note, png }: Strip, id: string): Html {
  return html`<figure><img src="${png}" alt="${`${title} of ${id}: ${note}`}"><figcaption><b>${title}</b>: ${note}</figcaption></figure>`;
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

/**
 * The prediction of a normalised target brought back to pixels, with the true cube's statistics: for
 * `per-patch` those of what the network sees, as `targets` has it.
 */
function withStatistics(
  prediction: Float32Array,
  truth: Float32Array,
  target: TargetKind,
  { mean = IMAGENET_MEAN, std = IMAGENET_STD }: VideoConfig,
): Float32Array {
  if (target === 'per-patch') {
    const seen = truth.map((value, i) => (value - channel(mean, i)) / channel(std, i));
    const { centre, deviation } = statistics(seen, 0, 1);
    return prediction.map(
      (value, i) => (value * deviation + centre) * channel(std, i) + channel(mean, i),
    );
  }
  const channels = [0, 1, 2].map((first) => statistics(truth, first, CHANNELS));
  return prediction.map((value, i) => {
    const { centre, deviation } = channels[i % CHANNELS] as ReturnType<typeof statistics>;
    return value * deviation + centre;
  });
}

/** Mean and (unbiased) deviation of every `step`-th value from `first` on. */
function statistics(
  values: Float32Array,
  first: number,
  step: number,
): { readonly centre: number; readonly deviation: number } {
  const chosen = values.filter((_, i) => i % step === first);
  const centre = chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
  const square = chosen.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { centre, deviation: Math.sqrt(square / (chosen.length - 1)) + EPS };
}

function channel(values: readonly [number, number, number], index: number): number {
  return values[index % CHANNELS] as number;
}

/** Up to six frames of a clip [T, S, S, 3] in [0, 1] in one row, enlarged. */
function png(frames: Float32Array, video: VideoConfig): string {
  const { size } = video;
  const { slots } = gridOf(video);
  const count = Math.min(MAX_FRAMES, slots);
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
