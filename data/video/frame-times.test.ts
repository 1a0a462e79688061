import { expect, it } from 'vitest';
import { durationOf, frameTimes } from './frame-times.js';

const packets = (times: readonly number[], decoded: readonly number[] = []) =>
  times.map((time, i) => ({ time, decodeTime: decoded[i] ?? Number.NaN }));
const NONE = Number.NaN;

it.each([
  // Packets in the order of decoding; frames by their packets.
  [[0, 2, 1, 3], [1000, 1080, 1040, 1120], [], [0, 40_000, 80_000, 120_000]],
  // Of variable rate.
  [[0, 1, 2], [0, 10, 100], [], [0, 10_000, 100_000]],
  // One packet tells no time of presentation: those of decoding are as many.
  [
    [0, 2, 1],
    [0, NONE, 40],
    [5, 45, 85],
    [0, 40_000, 80_000],
  ],
  // Frames are not known by packets: times of presentation in order.
  [[], [0, 80, 40], [], [0, 40_000, 80_000]],
  // Fewer times than frames: equal distances.
  [[0, 1, 2], [0, NONE, 90], [], [0, 45_000, 90_000]],
  // Times go back: they stay where they are.
  [[0, 1, 2], [0, 50, 40], [], [0, 50_000, 50_000]],
  [[0, 1, 2], [NONE, NONE, NONE], [], []],
  [[0], [NONE], [], [0]],
])('frames of packets %j with times %j, %j have times %j', (packetOf, times, decoded, expected) => {
  const timeline = {
    frameCount: packetOf.length === 0 ? times.length : packetOf.length,
    packetOf: Int32Array.from(packetOf),
  };
  expect([...frameTimes(timeline, packets(times, decoded), 1 / 1000)]).toEqual(expected);
});

it('a video lasts as long as its frames', () => {
  expect(durationOf(Float64Array.of(0, 40, 80))).toBe(120);
  expect(durationOf(Float64Array.of(0))).toBe(0);
});
