import { expect, it } from 'vitest';
import type { VideoInfo } from '../video/video-reader.js';
import { partSpan } from './part-span.js';

/** A video of 10 frames, 4 a second. */
const video = (times = Float64Array.from({ length: 10 }, (_, i) => i * 250_000)) => ({
  info: { frameCount: 10 } as VideoInfo,
  frameTimes: times,
});

it.each([
  [
    { start: 0, end: 1 },
    { first: 0, count: 4 },
  ],
  [
    { start: 0.25, end: 0.75 },
    { first: 1, count: 2 },
  ],
  [
    { start: 0.26, end: 0.75 },
    { first: 2, count: 1 },
  ],
  [
    { start: 0.3, end: 0.4 },
    { first: 1, count: 1 },
  ], // within one frame
  [
    { start: 2, end: 99 },
    { first: 8, count: 2 },
  ], // beyond the end
  [
    { start: 2.4, end: 99 },
    { first: 9, count: 1 },
  ], // while the last frame is shown
  [
    { first: 3, count: 4 },
    { first: 3, count: 4 },
  ],
  [
    { first: 8, count: 40 },
    { first: 8, count: 2 },
  ],
])('%j of 10 frames at 4 a second is %j', (part, span) => {
  expect(partSpan(video(), part)).toEqual(span);
});

it.each([
  [
    { start: 2.5, end: 3 },
    /begins behind the end of the video; got 2.5 s, expected a start before 2.50 s/,
  ],
  [{ first: 10, count: 1 }, /got frame 10, expected a start before 10 frames/],
])('refuses %j', (part, message) => {
  expect(() => partSpan(video(), part)).toThrow(message);
});

it('refuses seconds of a video without times', () => {
  expect(() => partSpan(video(new Float64Array(0)), { start: 0, end: 1 })).toThrow(
    /does not tell the times/,
  );
});
