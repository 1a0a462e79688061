import { describe, expect, it } from 'vitest';
import { framesToSlots, quantizeSimilarity } from './similarity-map.js';

describe('quantizeSimilarity', () => {
  it('stores 1 as 32767, rounds halves upwards and clamps', () => {
    const step = 1 / 32767;
    const cosines = Float64Array.from([1, -1, 0, 0.5 * step, -0.5 * step, 0.49 * step, 1.001, -7]);
    expect([...quantizeSimilarity(cosines)]).toEqual([32767, -32767, 0, 1, 0, 0, 32767, -32767]);
  });

  it('refuses a value that is not a number', () => {
    expect(() => quantizeSimilarity(Float32Array.of(0, Number.NaN))).toThrow(/value 1 of/);
  });
});

describe('framesToSlots', () => {
  // Four frames of three places.
  const map = Int16Array.from([1, 5, -3, 2, 5, -4, 32767, -32768, 0, 32767, -32768, -1]);

  it('takes the mean of a tubelet in exact integers, halves upwards', () => {
    expect([...framesToSlots(map, 4, 2)]).toEqual([2, 5, -3, 32767, -32768, 0]);
    expect([...framesToSlots(Int16Array.of(1, 1, 0), 3, 3)]).toEqual([1]);
    expect([...framesToSlots(Int16Array.of(-1, -1, 0), 3, 3)]).toEqual([-1]);
    expect([...framesToSlots(Int16Array.of(-1, 0, 0), 3, 3)]).toEqual([0]);
  });

  it('takes the first frame, or the highest value, when told to', () => {
    expect([...framesToSlots(map, 4, 2, 'first')]).toEqual([1, 5, -3, 32767, -32768, 0]);
    expect([...framesToSlots(map, 4, 2, 'max')]).toEqual([2, 5, -3, 32767, -32768, 0]);
  });

  it('changes nothing for tubelets of one frame', () => {
    for (const rule of ['mean', 'first', 'max'] as const) {
      expect(framesToSlots(map, 4, 1, rule)).toEqual(map);
    }
  });

  it.each([
    [4, 3],
    [5, 1],
    [0, 1],
    [4, 0],
  ])('refuses %i frames in tubelets of %i', (frames, tubelet) => {
    expect(() => framesToSlots(map, frames, tubelet)).toThrow(/divide into tubelets/);
  });
});
