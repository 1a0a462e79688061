import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipSimilarity } from './clip-similarity.js';
import { nearestStored, storedFrames } from './frame-stride.js';
import type { SimilarityEntry } from './similarity-entry.js';

describe('nearestStored', () => {
  it('is the stored frame of the least distance, of two the later', () => {
    const counts = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      stride: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(counts, fc.nat(70), ({ count, stride }, frame) => {
        const stored = storedFrames(count, stride);
        expect(stored.every((index) => index < count)).toBe(true);
        const distances = stored.map((index) => Math.abs(index - frame));
        expect(nearestStored(frame, count, stride)).toBe(
          distances.lastIndexOf(Math.min(...distances)),
        );
      }),
    );
  });
});

/** 5 frames at stride 2: maps of frames 0, 2 and 4, of one row of two cells, for two captions. */
const ENTRY: SimilarityEntry = {
  video: 'a.mp4',
  bytes: 1,
  recipe: '0'.repeat(64),
  width: 20,
  height: 10,
  frameCount: 5,
  stride: 2,
  rows: 1,
  columns: 2,
  captions: ['a dog', 'a cat'],
  maps: Int16Array.of(0, 1, 2, 3, 4, 5, 100, 200, 300, 400, 500, 600),
};
const WHOLE = { x: 0, y: 0, width: 20, height: 10 };
const GRID = { slots: 2, rows: 1, columns: 2 };

describe('clipSimilarity', () => {
  it('takes the maps of the caption and of the frames of the clip, and aggregates them to slots', () => {
    const clip = { frameIndices: [0, 1, 3, 4], crop: WHOLE, flip: false };
    expect([...clipSimilarity(ENTRY, 'a cat', clip, GRID)]).toEqual([200, 300, 500, 600]);
    expect([...clipSimilarity(ENTRY, 'a dog', clip, GRID, 'max')]).toEqual([2, 3, 4, 5]);
    expect([...clipSimilarity(ENTRY, 'a cat', clip, GRID, 'first')]).toEqual([100, 200, 500, 600]);
  });

  it('follows crop and flip, and a video that is shorter than the clip', () => {
    const crop = { x: 5, y: 0, width: 10, height: 10 };
    const clip = { frameIndices: [4, 4, 9, 9], crop, flip: true };
    expect([...clipSimilarity(ENTRY, 'a cat', clip, { slots: 2, rows: 1, columns: 2 })]).toEqual([
      600, 500, 600, 500,
    ]);
    const one = { slots: 4, rows: 1, columns: 1 };
    expect([...clipSimilarity(ENTRY, 'a cat', clip, one)]).toEqual([550, 550, 550, 550]);
  });

  it('refuses a caption that is not there, and a frame of another size', () => {
    const clip = { frameIndices: [0, 1], crop: WHOLE, flip: false };
    expect(() => clipSimilarity(ENTRY, 'a bird', clip, GRID)).toThrow(/no similarity map.*a bird/s);
    const wide = { ...clip, crop: { ...WHOLE, width: 40 } };
    expect(() => clipSimilarity(ENTRY, 'a cat', wide, GRID)).toThrow(/does not fit the frame/);
  });
});
