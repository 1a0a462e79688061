import { centreToken, clipTokens, cubeSize, type VideoConfig } from '../spec/index.js';

const CHANNELS = 3;
/** How much of the picture the clip itself keeps under the heat. */
const CLIP_SHARE = 0.35;
const QUERY_COLOUR: readonly number[] = [1, 1, 1];

/** Cubes [N, P] in [0, 1] coloured by the shares [N] of attention that they get. */
export function heated(
  cubes: Float32Array,
  shares: Float32Array,
  video: VideoConfig,
): Float32Array {
  const size = cubeSize(video);
  const low = shares.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = shares.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const result = new Float32Array(cubes.length);
  shares.forEach((share, token) => {
    const colour = heat(high > low ? (share - low) / (high - low) : 0);
    for (let i = token * size; i < (token + 1) * size; i += CHANNELS) {
      const [r = 0, g = 0, b = 0] = cubes.subarray(i, i + CHANNELS);
      const grey = 0.3 * r + 0.59 * g + 0.11 * b;
      colour.forEach((c, channel) => {
        result[i + channel] = CLIP_SHARE * grey + (1 - CLIP_SHARE) * c;
      });
    }
  });
  outline(result, centreToken(video), video);
  return result;
}

/** How many times an even share the most attended token gets. */
export function peakOf(shares: Float32Array, video: VideoConfig): number {
  return shares.reduce((a, b) => Math.max(a, b), 0) * clipTokens(video);
}

/** The last block's shares of attention [N] in maps [L, N]. */
export function lastBlock(attention: Float32Array, video: VideoConfig): Float32Array {
  return attention.subarray(attention.length - clipTokens(video));
}

/** Black, blue, red, yellow: readable in order by lightness alone. */
function heat(t: number): readonly [number, number, number] {
  const rise = (from: number, to: number): number =>
    Math.min(1, Math.max(0, (t - from) / (to - from)));
  return [rise(0.25, 0.65), rise(0.55, 1), 0.55 * rise(0, 0.3) * (1 - rise(0.4, 0.75))];
}

/** A frame of one pixel around the token that was asked. */
function outline(cubes: Float32Array, token: number, video: VideoConfig): void {
  const { tubelet, patch } = video;
  for (let frame = 0; frame < tubelet; frame++) {
    for (let y = 0; y < patch; y++) {
      for (let x = 0; x < patch; x++) {
        if (x > 0 && y > 0 && x < patch - 1 && y < patch - 1) continue;
        const at = token * cubeSize(video) + ((frame * patch + y) * patch + x) * CHANNELS;
        cubes.set(QUERY_COLOUR, at);
      }
    }
  }
}
