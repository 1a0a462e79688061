import { type EntryPoint, type PacketFacts, Timeline } from './timeline.js';

/** A frame that a decoder gave of a whole stream. */
export interface DecodedFrame {
  /** The packet that it came out of; undefined where that is not known. */
  readonly packet: number | undefined;
  /** Whether the decoder says that it made up some of it. */
  readonly isMadeUp: boolean;
  /** Whether the decoder takes it for a key frame. */
  readonly isKey: boolean;
}

/** What a decoder said of a whole stream. */
export interface FullDecode {
  /** In the order given. */
  readonly frames: readonly DecodedFrame[];
  /** Packets that it refused. */
  readonly refused: readonly number[];
}

/**
 * The timeline of a full decode. Where something did not decode, frames are read from the start: what
 * comes after it may depend on what came before an entry.
 */
export function timelineOfDecode(packets: readonly PacketFacts[], decode: FullDecode): Timeline {
  const { frames } = decode;
  const packetOf = Int32Array.from(frames, ({ packet = -1 }) => packet);
  const frameOf = new Map(Array.from(packetOf, (packet, frame) => [packet, frame]));
  const isTold = frameOf.size === frames.length && packetOf.every((packet) => packet in packets);
  if (!isTold) return new Timeline(new Int32Array(0), [], frames.length, lostInOrder(frames));
  const isRead = packets.some(({ picture }) => picture !== undefined);
  const keys = new Set(frames.flatMap(({ isKey, packet = -1 }) => (isKey ? packet : [])));
  const entries: EntryPoint[] = [];
  let last = 0;
  for (const [packet, { picture }] of packets.entries()) {
    // Of packets that tell nothing the decoder's word is taken for what is lost, not for where to begin.
    const isEntry = isRead ? picture?.isEntry === true : keys.has(packet);
    const frame = isEntry ? frameOf.get(packet) : undefined;
    if (frame === undefined || frame <= last) continue;
    entries.push({ packet, frame });
    last = frame;
  }
  const first = packetOf.reduce((least, packet) => Math.min(least, packet), packets.length);
  const bad = frames.flatMap(({ packet, isMadeUp }) =>
    isMadeUp && packet !== undefined ? packet : [],
  );
  // What is refused before there is a frame is the end of a piece that was cut; a packet that gave a
  // frame all the same lost nothing.
  bad.push(...decode.refused.filter((packet) => packet > first && !frameOf.has(packet)));
  const whole = new Timeline(packetOf, entries);
  return new Timeline(
    packetOf,
    isRead && bad.length === 0 ? entries : [],
    frames.length,
    lostFrames(whole, bad),
  );
}

/** A timeline that packets told, now that all of it was decoded. */
export function examined(timeline: Timeline, { frames, refused }: FullDecode): Timeline {
  const { packetOf, entries, frameCount } = timeline;
  const clean = new Set(frames.flatMap(({ packet = -1, isMadeUp }) => (isMadeUp ? [] : packet)));
  const bad = [...packetOf].filter((packet) => !clean.has(packet));
  bad.push(...refused.filter((packet) => timeline.frameOf(packet) === undefined));
  return new Timeline(packetOf, entries, frameCount, lostFrames(timeline, bad));
}

/**
 * The frames that are not to be shown: those whose packets are `bad` (the decoder made up some of the
 * frame, gave none, or refused a packet that others are predicted from), and all from such a packet to
 * the next clean entry, since they may be predicted from it: decoders go on with what they made up, each
 * version with something else, and say nothing.
 */
export function lostFrames(timeline: Timeline, bad: readonly number[]): ReadonlySet<number> {
  const sorted = Float64Array.from(bad).sort();
  const lost = new Set<number>();
  if (sorted.length === 0) return lost;
  for (const [frame, packet] of timeline.packetOf.entries()) {
    const entry = timeline.entryBefore(frame).packet;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) < entry) low = middle + 1;
      else high = middle;
    }
    if ((sorted[low] ?? Number.POSITIVE_INFINITY) <= packet) lost.add(frame);
  }
  return lost;
}

/** The same where packets tell nothing: from a frame made up to the next that the decoder calls key. */
export function lostInOrder(
  frames: readonly Pick<DecodedFrame, 'isMadeUp' | 'isKey'>[],
): ReadonlySet<number> {
  const lost = new Set<number>();
  let isBad = false;
  for (const [index, { isMadeUp, isKey }] of frames.entries()) {
    isBad = isMadeUp || (isBad && !isKey);
    if (isBad) lost.add(index);
  }
  return lost;
}
