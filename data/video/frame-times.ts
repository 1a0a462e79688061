import type { Timeline } from './timeline.js';

/** When a packet is to be shown and decoded, in the stream's time base; NaN where it does not say. */
export interface TimedPacket {
  readonly time: number;
  readonly decodeTime: number;
}

const MICROSECONDS = 1e6;

/**
 * The time of each frame in whole microseconds from the first frame on, ascending; empty where the video
 * tells none.
 *
 * A frame's time is that of presentation of its packet. Where packets do not all tell one, or frames are not
 * known by packets, the times of presentation, or else those of decoding, are frames' times in ascending
 * order, if there are as many of them as frames; else frames lie at equal distances from the first time that
 * is told to the last.
 */
export function frameTimes(
  { frameCount, packetOf }: Pick<Timeline, 'frameCount' | 'packetOf'>,
  packets: readonly TimedPacket[],
  secondsOfUnit: number,
): Float64Array {
  const units = timesInUnits(frameCount, packetOf, packets);
  const scale = secondsOfUnit * MICROSECONDS;
  const first = units[0] ?? 0;
  let last = 0;
  return units.map((time) => {
    const microseconds = Math.round((time - first) * scale);
    if (Number.isSafeInteger(microseconds)) last = Math.max(last, microseconds);
    return last;
  });
}

function timesInUnits(
  frameCount: number,
  packetOf: Int32Array,
  packets: readonly TimedPacket[],
): Float64Array {
  if (frameCount === 1) return Float64Array.of(0);
  const own = Float64Array.from(packetOf, (packet) => packets[packet]?.time ?? Number.NaN);
  if (own.length === frameCount && !own.some(Number.isNaN)) return own;
  const told = [packets.map(({ time }) => time), packets.map(({ decodeTime }) => decodeTime)].map(
    (times) => Float64Array.from(times.filter((time) => !Number.isNaN(time))).sort(),
  );
  const fitting = told.find(({ length }) => length === frameCount);
  if (fitting !== undefined) return fitting;
  const some = told.find(({ length }) => length >= 2);
  const [begin = 0, end = 0] = [some?.[0], some?.at(-1)];
  if (!(end > begin)) return new Float64Array(0);
  return Float64Array.from({ length: frameCount }, (_, frame) => {
    return begin + ((end - begin) * frame) / (frameCount - 1);
  });
}

/** How long a video with frames at these times lasts, in microseconds: its last frame as long as the mean of the others. */
export function durationOf(times: Float64Array): number {
  const last = times.at(-1) ?? 0;
  return times.length < 2 ? last : last + last / (times.length - 1);
}
