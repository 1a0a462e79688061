import type { TowerFacts } from './tower-config.js';
import type { Fed } from './tower-session.js';

const LEVELS = 256;

/** What a level becomes, by channel and level [3, 256]: (level * scale - mean) / std. */
export function levelTable({ scale, mean, std }: TowerFacts): Float32Array {
  const table = new Float32Array(3 * LEVELS);
  for (let c = 0; c < 3; c++) {
    for (let level = 0; level < LEVELS; level++) {
      table[c * LEVELS + level] = (level * scale - (mean[c] ?? 0)) / (std[c] ?? 1);
    }
  }
  return table;
}

/** Images [start, end) of u8 [count, size, size, 3] as float32 [end - start, 3, size, size]. */
export function normalisedImages(
  images: Uint8Array,
  start: number,
  end: number,
  size: number,
  table: Float32Array,
): Fed {
  const area = size * size;
  const data = new Float32Array((end - start) * 3 * area);
  for (let image = start; image < end; image++) {
    for (let c = 0; c < 3; c++) {
      const to = ((image - start) * 3 + c) * area;
      for (let i = 0; i < area; i++) {
        const level = images[(image * area + i) * 3 + c] as number;
        data[to + i] = table[c * LEVELS + level] as number;
      }
    }
  }
  return { data, dims: [end - start, 3, size, size] };
}
