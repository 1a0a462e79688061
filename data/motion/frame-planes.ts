/** Pixels across and down. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Frame `t` of RGB24 frames [T, H, W, 3] as f32 [3, H', W'] in [-1, 1]: v / 127.5 - 1. Another size
 * is reached by bilinear interpolation between the centres of pixels, constant beyond the outermost
 * centres, without smoothing where it shrinks.
 */
export function framePlanes(
  video: Uint8Array,
  t: number,
  from: PictureSize,
  to: PictureSize,
): Float32Array {
  const pixels = to.width * to.height;
  const planes = new Float32Array(3 * pixels);
  const start = 3 * t * from.width * from.height;
  const across = sources(from.width, to.width);
  const down = sources(from.height, to.height);
  const line = new Float64Array(3 * from.width);
  for (let y = 0; y < to.height; y++) {
    const row = y * to.width;
    const high = start + line.length * (down.first[y] as number);
    const low = start + line.length * (down.second[y] as number);
    const lower = down.share[y] as number;
    for (let i = 0; i < line.length; i++) {
      line[i] = (1 - lower) * (video[high + i] as number) + lower * (video[low + i] as number);
    }
    for (let x = 0; x < to.width; x++) {
      const left = 3 * (across.first[x] as number);
      const right = 3 * (across.second[x] as number);
      const share = across.share[x] as number;
      for (let channel = 0; channel < 3; channel++) {
        const value =
          (1 - share) * (line[left + channel] as number) +
          share * (line[right + channel] as number);
        planes[channel * pixels + row + x] = value / 127.5 - 1;
      }
    }
  }
  return planes;
}

/** Between which two pixels each new one lies, and the share of the second. */
interface Sources {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float64Array;
}

function sources(from: number, to: number): Sources {
  const place = Float64Array.from({ length: to }, (_, i) =>
    Math.min(Math.max(((2 * i + 1) * from - to) / (2 * to), 0), from - 1),
  );
  const first = Int32Array.from(place, Math.floor);
  const second = first.map((at) => Math.min(at + 1, from - 1));
  return { first, second, share: place.map((at, i) => at - (first[i] as number)) };
}
