import { MAX_VIDEO_FRAMES } from './limits.js';
import type { StoredIndex } from './stored-index.js';
import { type EntryPoint, Timeline } from './timeline.js';

type Columns = StoredIndex['columns'];

/** A timeline as columns of numbers. */
export function timelineColumns({ packetOf, entries, lost }: Timeline): Columns {
  return {
    packetOf: Float64Array.from(packetOf),
    entryPacket: Float64Array.from(entries, ({ packet }) => packet),
    entryFrame: Float64Array.from(entries, ({ frame }) => frame),
    ...(lost === undefined ? {} : { lost: Float64Array.from(lost) }),
  };
}

/** What `timelineColumns` was given; undefined for columns that are no timeline. */
export function timelineOfColumns(columns: Columns, frameCount: number): Timeline | undefined {
  const { packetOf, entryPacket, entryFrame, lost } = columns;
  if (packetOf === undefined || entryPacket === undefined || entryFrame === undefined) return;
  const isTimeline =
    (packetOf.length === frameCount || packetOf.length === 0) &&
    areWithin(packetOf, 2 * MAX_VIDEO_FRAMES) &&
    areWithin(entryPacket, 2 * MAX_VIDEO_FRAMES) &&
    areWithin(entryFrame, frameCount) &&
    areWithin(lost ?? entryFrame, frameCount) &&
    entryFrame.length === entryPacket.length &&
    isAscending(entryPacket) &&
    isAscending(entryFrame);
  if (!isTimeline) return undefined;
  const entries = Array.from(
    entryPacket,
    (packet, i): EntryPoint => ({ packet, frame: entryFrame[i] as number }),
  );
  return new Timeline(Int32Array.from(packetOf), entries, frameCount, lost && new Set(lost));
}

/** Whether these may be the times of so many frames. */
export function areFrameTimes(times: Float64Array, frameCount: number): boolean {
  const isAll = times.length === frameCount || times.length === 0;
  return isAll && !times.some(Number.isNaN) && isAscending(times) && (times[0] ?? 0) === 0;
}

/** Whether these are integers in [0, end): no NaN is among them. */
export function areWithin(numbers: Float64Array, end: number): boolean {
  return numbers.every((number) => number >= 0 && number < end);
}

function isAscending(numbers: Float64Array): boolean {
  return numbers.every((number, i) => i === 0 || number >= (numbers[i - 1] as number));
}
