import { MAX_VIDEO_FRAMES } from '../limits.js';
import type { StoredIndex } from '../stored-index.js';
import {
  areFrameTimes,
  areWithin,
  timelineColumns,
  timelineOfColumns,
} from '../timeline-columns.js';
import type { PacketPlace } from './demuxer.js';
import type { VideoIndex } from './video-index.js';

/** An index as columns of numbers, to be kept on disk. */
export function packIndex({ info, timeline, frameTimes, places }: VideoIndex): StoredIndex {
  const kept = [...places.values()];
  return {
    info,
    columns: {
      ...timelineColumns(timeline),
      frameTimes,
      placeOf: Float64Array.from(places.keys()),
      pts: Float64Array.from(kept, ({ pts }) => pts),
      dts: Float64Array.from(kept, ({ dts }) => dts),
      pos: Float64Array.from(kept, ({ pos }) => pos),
      size: Float64Array.from(kept, ({ size }) => size),
    },
  };
}

/** What `packIndex` was given; undefined for columns that are no index. */
export function unpackIndex({ info, columns }: StoredIndex): VideoIndex | undefined {
  const { frameCount } = info;
  const timeline = timelineOfColumns(columns, frameCount);
  const { frameTimes, placeOf, pts, dts, pos, size } = columns;
  if (timeline === undefined || placeOf === undefined) return undefined;
  if (frameTimes === undefined || !areFrameTimes(frameTimes, frameCount)) return undefined;
  if (pts === undefined || dts === undefined || pos === undefined || size === undefined) return;
  const areWhole = [pts, dts, pos, size].every(({ length }) => length === placeOf.length);
  if (!areWhole || !areWithin(placeOf, 2 * MAX_VIDEO_FRAMES)) return undefined;
  const places = new Map<number, PacketPlace>();
  for (const [i, packet] of placeOf.entries()) {
    const [at, decoded] = [pts[i] as number, dts[i] as number];
    places.set(packet, { pts: at, dts: decoded, pos: pos[i] as number, size: size[i] as number });
  }
  return { info, timeline, frameTimes, places, weight: 2 * frameCount + places.size };
}
