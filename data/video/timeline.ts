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
  /** The frames that do not decode cleanly (`lostFrames`); undefined while nobody decoded all of them. */
  readonly lost: ReadonlySet<number> | undefined;
  #frameOf: Int32Array | undefined;

  constructor(
    packetOf: Int32Array,
    entries: readonly EntryPoint[],
    frameCount: number = packetOf.length,
    lost?: ReadonlySet<number>,
  ) {
    this.frameCount = frameCount;
    this.packetOf = packetOf;
    this.entries = entries;
    this.lost = lost;
  }

  /** Whether frames are told apart by counting only. */
  get isCounted(): boolean {
    return this.packetOf.length < this.frameCount;
  }

  /** The frame that comes out of a packet, or undefined. */
  frameOf(packet: number): number | undefined {
    this.#frameOf ??= inverse(this.packetOf);
    const frame = this.#frameOf[packet] ?? -1;
    return frame < 0 ? undefined : frame;
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

  /**
   * The last frame that comes out of the packets from an entry to the last one of these frames: once it
   * is there, everything that they may be predicted from was given, or did not come.
   */
  settledBy(frames: readonly number[], entry: EntryPoint): number {
    const last = frames.reduce((most, frame) => Math.max(most, this.packetOf[frame] ?? 0), 0);
    let settled = frames.at(-1) ?? 0;
    for (let packet = entry.packet; packet <= last; packet++) {
      settled = Math.max(settled, this.frameOf(packet) ?? 0);
    }
    return settled;
  }

  /** For a frame that is lost the nearest earlier one that is not; the first one, where none is earlier. */
  standIn(frame: number): number | undefined {
    const { lost, frameCount } = this;
    if (lost === undefined) return frame;
    for (let index = frame; index >= 0; index--) if (!lost.has(index)) return index;
    for (let index = frame; index < frameCount; index++) if (!lost.has(index)) return index;
    return undefined;
  }
}

/** Of each packet the frame that comes out of it, or -1. */
function inverse(packetOf: Int32Array): Int32Array {
  const length = packetOf.reduce((most, packet) => Math.max(most, packet + 1), 0);
  const frameOf = new Int32Array(length).fill(-1);
  for (const [frame, packet] of packetOf.entries()) frameOf[packet] = frame;
  return frameOf;
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
  // Numbers in arrays of numbers: a long video has as many as a million packets.
  const orders = new Float64Array(packets.length);
  const shown = new Int32Array(packets.length);
  let count = 0;
  let first: Picture | undefined;
  for (let packet = 0; packet < packets.length; packet++) {
    const { isDamaged, isCutOff, picture } = packets[packet] as PacketFacts;
    if (isDamaged || picture === undefined) return undefined;
    if (picture.isEntry) first ??= picture;
    else if (first === undefined && picture.isShown) return undefined;
    orders[packet] = picture.order;
    if (picture.isShown && !isCutOff) shown[count++] = packet;
  }
  if (first === undefined) return new Timeline(new Int32Array(0), []);
  const packetOf = shown.slice(0, count);
  packetOf.sort((a, b) => (orders[a] as number) - (orders[b] as number));
  let [order, time] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const packet of packetOf) {
    const next = orders[packet] as number;
    if (next <= order || next < first.order) return undefined;
    order = next;
    const { time: told } = packets[packet] as PacketFacts;
    if (Number.isNaN(told)) continue;
    if (!(told > time) || !Number.isSafeInteger(told)) return undefined;
    time = told;
  }
  const entries: EntryPoint[] = [];
  const orderAt = (frame: number): number =>
    orders[packetOf[frame] ?? -1] ?? Number.POSITIVE_INFINITY;
  let frame = 0;
  for (let packet = 1; packet < packets.length; packet++) {
    const { picture } = packets[packet] as PacketFacts;
    if (picture?.isEntry !== true) continue;
    // Entries come in the order of their frames, or they are none.
    while (orderAt(frame) < picture.order) frame++;
    if (frame > 0 && orderAt(frame - 1) >= picture.order) continue;
    entries.push({ packet, frame });
  }
  return new Timeline(packetOf, entries);
}
