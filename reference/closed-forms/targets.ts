/** What is predicted for a cube: see `targets` in `spec/objectives`. */
export type ClosedFormTargetKind = 'per-cube-channel' | 'per-patch' | 'raw';

const CHANNELS = 3;

/**
 * The targets of cubes whose pixels (0 to 255) lie one after the other, `size` values each, channel
 * last. Plain loops in float64, independent of any program:
 * per-cube-channel y = (x - mean) / (sqrt(var) + 1e-6) for each channel of each cube; per-patch
 * y = (x - mean) / sqrt(var + 1e-6) for each cube; var divides by count - 1; x = pixel / 255.
 */
export function targetsClosedForm(
  pixels: ArrayLike<number>,
  size: number,
  kind: ClosedFormTargetKind,
): Float64Array {
  const out = Float64Array.from(pixels, (pixel) => pixel / 255);
  if (kind === 'raw') return out;
  const groups = kind === 'per-patch' ? 1 : CHANNELS;
  for (let start = 0; start < out.length; start += size) {
    for (let group = 0; group < groups; group++) {
      const count = size / groups;
      let mean = 0;
      for (let k = 0; k < count; k++) mean += out[start + group + k * groups] as number;
      mean /= count;
      let squares = 0;
      for (let k = 0; k < count; k++) {
        squares += ((out[start + group + k * groups] as number) - mean) ** 2;
      }
      const variance = squares / (count - 1);
      const scale = kind === 'per-patch' ? Math.sqrt(variance + 1e-6) : Math.sqrt(variance) + 1e-6;
      for (let k = 0; k < count; k++) {
        const i = start + group + k * groups;
        out[i] = ((out[i] as number) - mean) / scale;
      }
    }
  }
  return out;
}
