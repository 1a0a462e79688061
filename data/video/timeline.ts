import type { Picture } from './bitstream/picture.js';

/** What is known of one packet of the video stream, in the order of the file. */
export interface PacketFacts {
  /** Its presentation time in the stream's time base; NaN when it has none. */
  readonly time: number;
  /** Whether the container says that it is damaged. */
  readonly isDamaged: boolean;
  /** Whether the container cuts its frame off: it is decoded for others, and not shown. */
  readonly isCutOff: boolean;
  /** What its bytes say; undefined where they do not tell. */
  readonly picture: Picture | undefined;
}

/** A place where decoding may begin: from frame `frame` on, in the order shown, all is right. */
export interface EntryPoint {
  /** The packet's place among the stream's packets. */
  readonly packet: number;
  /** The index of the first frame that is right. */
  readonly frame: number;
}

/** Where decoding begins at the first packet, which is always right. */
export const FILE_START: EntryPoint = { packet: 0, frame: 0 };

/**
 * Which frame is frame i of a video: the i-th that a decoder gives when it decodes the whole stream,
 * which in a sound file is the i-th in the order of presentation. A frame is known by the packet that
 * it comes out of. One timeline serves every way of reading.
 */
export class Timeline {
  readonly frameCount: number;
  /**
   * Of each frame its packet's place; empty where packets do not tell frames apart, so that they are
   * counted from the start of the file.
   */
  readonly packetOf: Int32Array;
  /** The entry points, ascending in packets and in frames; the start of the file is none of them. */
  readonly entries: readonly EntryPoint[];
  #frameOf: Map<number, number> | undefined;

  constructor(
    packetOf: Int32Array,
    entries: readonly EntryPoint[],
    frameCount: number = packetOf.length,
  ) {
    this.frameCount = frameCount;
    this.packetOf = packetOf;
    this.entries = entries;
  }

  /** Whether frames are told apart by counting only. */
  get isCounted(): boolean {
    return this.packetOf.length < this.frameCount;
  }

  /** The frame that comes out of a packet, or undefined. */
  frameOf(packet: number): number | undefined {
    this.#frameOf ??= new Map(Array.from(this.packetOf, (each, frame) => [each, frame]));
    return this.#frameOf.get(packet);
  }

  /** The last entry point at or before `frame`, or the start of the file. */
  entryBefore(frame: number): EntryPoint {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] ?? FILE_START).frame <= frame) low = middle + 1;
      else high = middle;
    }
    return this.entries[low - 1] ?? FILE_START;
  }
}

/**
 * The timeline that the packets tell, without decoding; undefined where it is doubtful, so that only
 * a full decode says which frames there are:
 *
 * - a packet is damaged, or its bytes do not tell which frame comes out of it;
 * - the first frame is no clean entry, or others are shown before it, which may need what is not there;
 * - the times of presentation contradict the order that the bitstream tells, or repeat.
 */
export function timelineOfPackets(packets: readonly PacketFacts[]): Timeline | undefined {
  const shown: { readonly packet: number; readonly order: number; readonly time: number }[] = [];
  let first: Picture | undefined;
  for (const [packet, { time, isDamaged, isCutOff, picture }] of packets.entries()) {
    if (isDamaged || picture === undefined) return undefined;
    if (picture.isEntry) first ??= picture;
    else if (first === undefined && picture.isShown) return undefined;
    if (picture.isShown && !isCutOff) shown.push({ packet, order: picture.order, time });
  }
  if (first === undefined) return new Timeline(new Int32Array(0), []);
  shown.sort((a, b) => a.order - b.order);
  let [order, time] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const each of shown) {
    if (each.order <= order || each.order < first.order) return undefined;
    order = each.order;
    if (Number.isNaN(each.time)) continue;
    if (!(each.time > time) || !Number.isSafeInteger(each.time)) return undefined;
    time = each.time;
  }
  const entries: EntryPoint[] = [];
  let frame = 0;
  for (const [packet, { picture }] of packets.entries()) {
    if (packet === 0 || picture?.isEntry !== true) continue;
    // Entries come in the order of their frames, or they are none.
    while ((shown[frame]?.order ?? Number.POSITIVE_INFINITY) < picture.order) frame++;
    if (frame > 0 && (shown[frame - 1]?.order ?? 0) >= picture.order) continue;
    entries.push({ packet, frame });
  }
  return new Timeline(
    Int32Array.from(shown, ({ packet }) => packet),
    entries,
  );
}

/** What a decoder said of a whole stream. */
export interface FullDecode {
  /** The packet that each frame came out of, in the order given. */
  readonly packets: readonly number[];
  /** Whether something did not decode: then a frame's pixels may depend on frames before its entry. */
  readonly isDamaged: boolean;
}

/** The timeline of a full decode. */
export function timelineOfDecode(packets: readonly PacketFacts[], decode: FullDecode): Timeline {
  const frameCount = decode.packets.length;
  const frames = new Map(decode.packets.map((packet, frame) => [packet, frame]));
  const isTold = frames.size === frameCount && decode.packets.every((packet) => packet in packets);
  if (!isTold) return new Timeline(new Int32Array(0), [], frameCount);
  const entries: EntryPoint[] = [];
  let last = 0;
  for (const [packet, { picture }] of packets.entries()) {
    const frame = picture?.isEntry === true ? frames.get(packet) : undefined;
    if (decode.isDamaged || frame === undefined || frame <= last) continue;
    entries.push({ packet, frame });
    last = frame;
  }
  return new Timeline(Int32Array.from(decode.packets), entries);
}
