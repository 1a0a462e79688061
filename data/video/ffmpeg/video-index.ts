import { INTRA_CODECS } from '../bitstream/intra.js';
import { frameTimes } from '../frame-times.js';
import { examined, lostInOrder, timelineOfDecode } from '../full-decode.js';
import { shownSize } from '../orientation.js';
import { checkFrameCount } from '../refusal.js';
import type { StoredIndex } from '../stored-index.js';
import { Timeline, timelineOfPackets } from '../timeline.js';
import { areFrameTimes, timelineColumns, timelineOfColumns } from '../timeline-columns.js';
import type { VideoPath } from '../video-path.js';
import type { VideoInfo } from '../video-reader.js';
import { DecodeLog } from './decode-log.js';
import { type ListedPacket, readPackets } from './packets.js';
import type { ProbedStream } from './probe.js';

/** What is kept of a video once it was read through. */
export interface VideoIndex {
  readonly info: VideoInfo;
  /** The stream's place among those of the file. */
  readonly stream: number;
  readonly timeline: Timeline;
  /** The presentation times of its frames; empty where frames are told apart by counting. */
  readonly times: Float64Array;
  /** See `VideoReader`. */
  readonly frameTimes: Float64Array;
  /** Of each entry of the timeline where to seek, in microseconds; empty where seeking is not exact. */
  readonly entryTimes: Float64Array;
  readonly weight: number;
}

/**
 * Codecs of which a decoder keeps nothing but what an entry brings again. MPEG-4 part 2 is none: its
 * first packet may name the encoder, whose faults decoders make up for.
 */
const SEEKABLE = new Set(['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'vp8', 'vp9', 'av1']);

/** @param decodeAll Decodes the whole stream, and says what the program said. */
export async function readIndex(
  path: VideoPath,
  probed: ProbedStream,
  version: number,
  decodeAll: () => Promise<DecodeLog>,
): Promise<VideoIndex> {
  const { codec, container, stored, orientation, index: stream, timeBase } = probed;
  const packets = await readPackets(path, probed, version);
  const list = packets?.list ?? [];
  const told = packets && timelineOfPackets(list);
  const log = told === undefined ? await decodeAll() : new DecodeLog();
  const timeline = told ?? timelineOf(list, log);
  const { frameCount, entries } = timeline;
  checkFrameCount(path, frameCount);
  const times = told === undefined ? NONE : timesOf(told, list);
  const canSeek =
    (SEEKABLE.has(codec) || INTRA_CODECS.has(codec)) &&
    packets?.isFaulty === false &&
    times.length > 0;
  const entryTimes = Float64Array.from(canSeek ? entries : [], ({ packet }) => {
    const { time, decodeTime } = list[packet] ?? { time: Number.NaN, decodeTime: Number.NaN };
    return Math.ceil((Number.isNaN(decodeTime) ? time : decodeTime) * timeBase * 1e6);
  });
  const size = shownSize(stored, orientation);
  const info = { ...size, codec, container, stored, orientation, frameCount };
  const shown = shownTimes(timeline, list, log, timeBase);
  return { info, stream, timeline, times, frameTimes: shown, entryTimes, weight: 3 * frameCount };
}

/** The times of the frames: of a video that was decoded for them, as the frames themselves tell. */
function shownTimes(
  timeline: Timeline,
  list: readonly ListedPacket[],
  { frames }: DecodeLog,
  timeBase: number,
): Float64Array {
  const { frameCount } = timeline;
  if (frames.length !== frameCount) return frameTimes(timeline, list, timeBase);
  const packetOf = Int32Array.from(frames, (_, frame) => frame);
  const timed = frames.map(({ time }) => ({ time, decodeTime: Number.NaN }));
  return frameTimes({ frameCount, packetOf }, timed, timeBase);
}

/** The index with the frames that are lost, now that a part of the video did not decode cleanly. */
export function examine(index: VideoIndex, log: DecodeLog): VideoIndex {
  const { timeline, times, info } = index;
  if (times.length === 0 && log.frames.length === timeline.packetOf.length) {
    const decode = fullDecode(log, (_, frame) => timeline.packetOf[frame]);
    return { ...index, timeline: examined(timeline, decode) };
  }
  const frameAt = new Map(Array.from(times, (time, frame) => [time, frame]));
  const isTold = log.frames.some(({ time }) => frameAt.has(time));
  if (!isTold) {
    // The program counts time otherwise than its packets say: frames are counted.
    const lost = new Set(lostInOrder(log.frames));
    for (let frame = log.frames.length; frame < info.frameCount; frame++) lost.add(frame);
    const counted = new Timeline(new Int32Array(0), [], info.frameCount, lost);
    return { ...index, timeline: counted, times: NONE, entryTimes: NONE };
  }
  const packetAt = (time: number): number | undefined => {
    const frame = frameAt.get(time);
    return frame === undefined ? undefined : timeline.packetOf[frame];
  };
  return { ...index, timeline: examined(timeline, fullDecode(log, packetAt)) };
}

/**
 * The timeline of a full decode. A frame is known by its time, where no two packets have one; else, where
 * as many frames came as pictures are to be shown, by its place in the order that the bitstream tells.
 */
function timelineOf(packets: readonly ListedPacket[], log: DecodeLog): Timeline {
  const packetAt = new Map<number, number>();
  for (const [packet, { time }] of packets.entries()) {
    packetAt.set(time, packetAt.has(time) ? -1 : packet);
  }
  packetAt.delete(Number.NaN);
  const areTold = log.frames.every(({ time }) => (packetAt.get(time) ?? -1) >= 0);
  const ordered = areTold ? [] : packetsInOrder(packets);
  const isOrdered = ordered.length === log.frames.length;
  const decode = fullDecode(log, (time, frame) =>
    isOrdered ? ordered[frame] : packetAt.get(time),
  );
  const { frameCount, lost } = timelineOfDecode(packets, decode);
  return new Timeline(new Int32Array(0), [], frameCount, lost);
}

/** The packets that are shown, in the order that the bitstream tells; none where it does not. */
function packetsInOrder(packets: readonly ListedPacket[]): readonly number[] {
  if (packets.some(({ picture }) => picture === undefined)) return [];
  const orderOf = (packet: number): number => packets[packet]?.picture?.order ?? 0;
  return packets
    .flatMap(({ picture, isCutOff }, packet) => (picture?.isShown && !isCutOff ? packet : []))
    .sort((a, b) => orderOf(a) - orderOf(b));
}

function fullDecode(
  { frames, refusedAfter }: DecodeLog,
  packetAt: (time: number, frame: number) => number | undefined,
): Parameters<typeof timelineOfDecode>[1] {
  const told = frames.map(({ time, isMadeUp, isKey }, frame) => ({
    packet: packetAt(time, frame),
    isMadeUp,
    isKey,
  }));
  // Which packet was refused, the program does not say: the first without a frame after that of the frame
  // before it.
  const given = new Set(told.map(({ packet }) => packet));
  const refused = refusedAfter.map((count) => {
    let packet = (told[count - 1]?.packet ?? -2) + 1;
    while (given.has(packet)) packet++;
    return packet;
  });
  return { frames: told, refused };
}

/** The times of the frames; none unless every frame has one. */
function timesOf({ packetOf }: Timeline, packets: readonly ListedPacket[]): Float64Array {
  const times = Float64Array.from(packetOf, (packet) => packets[packet]?.time ?? Number.NaN);
  return times.some(Number.isNaN) ? NONE : times;
}

const NONE = new Float64Array(0);

/** An index as columns of numbers, to be kept on disk. */
export function packIndex({
  info,
  stream,
  timeline,
  times,
  frameTimes,
  entryTimes,
}: VideoIndex): StoredIndex {
  const columns = { ...timelineColumns(timeline), times, frameTimes, entryTimes };
  return { info, columns: { ...columns, stream: Float64Array.of(stream) } };
}

/** What `packIndex` was given; undefined for columns that are no index. */
export function unpackIndex({ info, columns }: StoredIndex): VideoIndex | undefined {
  const { frameCount } = info;
  const timeline = timelineOfColumns(columns, frameCount);
  const { times, frameTimes, entryTimes } = columns;
  const stream = columns.stream?.[0];
  if (timeline === undefined || times === undefined || entryTimes === undefined) return undefined;
  if (frameTimes === undefined || !areFrameTimes(frameTimes, frameCount)) return undefined;
  const areWhole =
    (times.length === frameCount || times.length === 0) &&
    (entryTimes.length === timeline.entries.length || entryTimes.length === 0) &&
    !times.some(Number.isNaN);
  if (!areWhole || stream === undefined || !(stream >= 0)) return undefined;
  return { info, stream, timeline, times, frameTimes, entryTimes, weight: 3 * frameCount };
}
