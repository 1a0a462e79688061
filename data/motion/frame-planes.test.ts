import { describe, expect, it } from 'vitest';
import { framePlanes } from './frame-planes.js';

/** Two frames of 4 x 2: the second holds `values` as red, their complement as green, 51 as blue. */
function frames(values: readonly number[]): Uint8Array {
  const second = values.flatMap((value) => [value, 255 - value, 51]);
  return Uint8Array.from([...second.map(() => 99), ...second]);
}

const ramp = frames([0, 50, 100, 150, 20, 70, 120, 170]);
const size = { width: 4, height: 2 };

/** The red of a result, from 0 to 255. */
function reds(planes: Float32Array): number[] {
  return [...planes.subarray(0, planes.length / 3)].map((x) => Math.round(127.5e4 * (x + 1)) / 1e4);
}

describe('framePlanes', () => {
  it('is red, green and blue in [-1, 1], as they are', () => {
    const planes = framePlanes(ramp, 1, size, size);
    expect(reds(planes)).toEqual([0, 50, 100, 150, 20, 70, 120, 170]);
    expect([planes[0], planes[8], planes[16]]).toEqual([-1, 1, Math.fround(51 / 127.5 - 1)]);
  });

  it('lies between the centres of pixels, and ends at the outermost', () => {
    const wide = framePlanes(ramp, 1, size, { width: 8, height: 2 });
    expect(reds(wide).slice(0, 8)).toEqual([0, 12.5, 37.5, 62.5, 87.5, 112.5, 137.5, 150]);
    const high = framePlanes(ramp, 1, size, { width: 4, height: 4 });
    expect(reds(high).filter((_, i) => i % 4 === 1)).toEqual([50, 55, 65, 70]);
    const small = framePlanes(ramp, 1, size, { width: 2, height: 1 });
    expect(reds(small)).toEqual([35, 135]);
  });
});
