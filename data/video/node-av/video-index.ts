import type { Packet } from 'node-av/lib';
import { pictureReader } from '../bitstream/picture-reader.js';
import { frameTimes, type TimedPacket } from '../frame-times.js';
import { type DecodedFrame, examined, type FullDecode, timelineOfDecode } from '../full-decode.js';
import { MAX_VIDEO_FRAMES } from '../limits.js';
import { shownSize } from '../orientation.js';
import { checkFrameCount, checkStoredSize } from '../refusal.js';
import { type PacketFacts, type Timeline, timelineOfPackets } from '../timeline.js';
import type { VideoPath } from '../video-path.js';
import type { VideoInfo } from '../video-reader.js';
import { Decoder } from './decoder.js';
import { Demuxer, type PacketPlace, type StreamFacts } from './demuxer.js';
import type { Library } from './library.js';

/** What is kept of a video once it was read through. */
export interface VideoIndex {
  readonly info: VideoInfo;
  readonly timeline: Timeline;
  /** See `VideoReader`. */
  readonly frameTimes: Float64Array;
  /** Of the first packet and of each entry's packet, where it lies in the file. */
  readonly places: ReadonlyMap<number, PacketPlace>;
  /** What it takes of memory, roughly: packets that are kept. */
  readonly weight: number;
}

/**
 * Reads a video through: the headers of its packets, and all its frames where these leave a doubt.
 * The demuxer must be at the start.
 */
export function readIndex(
  library: Library,
  path: VideoPath,
  demuxer: Demuxer,
  stream: StreamFacts,
): VideoIndex {
  const { codec, container, stored, orientation } = stream;
  checkStoredSize(path, stored);
  const reader = pictureReader(codec, stream.parameters.extradata ?? new Uint8Array());
  const packets: (PacketFacts & TimedPacket)[] = [];
  const places = new Map<number, PacketPlace>();
  for (let packet = demuxer.next(); packet !== undefined; packet = demuxer.next()) {
    const { flags, pts, dts } = packet;
    const picture = reader?.read(packet.data ?? new Uint8Array());
    if (packets.length === 0 || picture?.isEntry === true) {
      places.set(packets.length, demuxer.placeOf(packet));
    }
    packets.push({
      time: pts === library.AV_NOPTS_VALUE ? Number.NaN : Number(pts),
      decodeTime: dts === library.AV_NOPTS_VALUE ? Number.NaN : Number(dts),
      isDamaged: (flags & library.AV_PKT_FLAG_CORRUPT) !== 0,
      isCutOff: (flags & library.AV_PKT_FLAG_DISCARD) !== 0,
      picture,
    });
    if (packets.length > 2 * MAX_VIDEO_FRAMES) break; // refused by its count
  }
  const timeline =
    packets.length > 2 * MAX_VIDEO_FRAMES
      ? undefined
      : (timelineOfPackets(packets) ?? timelineOfDecode(packets, decodeAll(library, path, stream)));
  const frameCount = timeline?.frameCount ?? packets.length;
  checkFrameCount(path, frameCount);
  const size = shownSize(stored, orientation);
  const info = { ...size, codec, container, stored, orientation, frameCount };
  const weight = 2 * frameCount + places.size;
  const shown = timeline as Timeline; // more packets are refused by their count
  const { num, den } = stream.timeBase;
  return {
    info,
    timeline: shown,
    frameTimes: frameTimes(shown, packets, num / den),
    places,
    weight,
  };
}

/** Gives packets their place in the stream as time: a frame then tells which packet it came from. */
export function numbered(packet: Packet, place: number): Packet {
  packet.pts = BigInt(place);
  packet.dts = BigInt(place);
  return packet;
}

/** The index with the frames that are lost, now that a part of the video did not decode cleanly. */
export function examine(
  library: Library,
  path: VideoPath,
  stream: StreamFacts,
  index: VideoIndex,
): VideoIndex {
  return { ...index, timeline: examined(index.timeline, decodeAll(library, path, stream)) };
}

function decodeAll(library: Library, path: VideoPath, stream: StreamFacts): FullDecode {
  using demuxer = new Demuxer(library, path);
  using decoder = new Decoder(library, path, stream);
  const frames: DecodedFrame[] = [];
  for (const frame of decoder.frames(allOf(demuxer))) {
    const isKey = (frame.flags & library.AV_FRAME_FLAG_KEY) !== 0;
    frames.push({ packet: Number(frame.pts), isMadeUp: decoder.isMadeUp(frame), isKey });
    if (frames.length > MAX_VIDEO_FRAMES) break;
  }
  return { frames, refused: decoder.refused };
}

function* allOf(demuxer: Demuxer): Generator<Packet, void> {
  let place = 0;
  for (let packet = demuxer.next(); packet !== undefined; packet = demuxer.next()) {
    yield numbered(packet, place++);
  }
}
