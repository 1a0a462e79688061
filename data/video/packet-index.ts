/** What the index pass notes of one packet of the video stream, in the order of the file. */
export interface PacketFacts {
  /** Its presentation timestamp in the stream's time base; NaN when it has none. */
  readonly time: number;
  readonly isKey: boolean;
  /** Whether a frame comes out of it: not for packets that the container cuts off, nor hidden frames. */
  readonly isShown: boolean;
}

/** A place where decoding may begin. */
export interface EntryPoint {
  /** The packet's place among the stream's packets. */
  readonly packet: number;
  /** The index of the frame that this packet shows. */
  readonly frame: number;
}

/** Where decoding begins at the first packet, which is always right. */
export const FILE_START: EntryPoint = { packet: 0, frame: 0 };

/** The frames of a stream by its packets, read without decoding. */
export class PacketIndex {
  /** The number of packets that show a frame. */
  readonly frameCount: number;
  /** The timestamps of the shown frames, ascending; empty when they do not tell the frames apart. */
  readonly times: Float64Array;
  readonly #entries: readonly EntryPoint[];

  constructor(packets: readonly PacketFacts[]) {
    const shown = packets.filter(({ isShown }) => isShown);
    this.frameCount = shown.length;
    const times = Float64Array.from(shown, ({ time }) => time).sort();
    const areDistinct = times.every((time, i) => i === 0 || time > (times[i - 1] ?? time));
    this.times = areDistinct && times.every(Number.isSafeInteger) ? times : new Float64Array(0);
    const frameAt = new Map(Array.from(this.times, (time, frame) => [time, frame]));
    this.#entries = packets.flatMap(({ time, isKey, isShown }, packet) => {
      const frame = isKey && isShown ? frameAt.get(time) : undefined;
      return frame === undefined ? [] : [{ packet, frame }];
    });
  }

  /** The last key frame at or before `frame`, or the start of the file. */
  entryBefore(frame: number): EntryPoint {
    let best = FILE_START;
    for (const entry of this.#entries) {
      if (entry.frame <= frame && entry.frame > best.frame) best = entry;
    }
    return best;
  }
}

/**
 * Whether a packet of a VP8 or VP9 stream shows a frame: these codecs send hidden reference frames
 * in packets of their own. `data` is the packet; in every other codec each packet shows a frame.
 *
 * Source: RFC 6386 section 9.1 (VP8), the VP9 bitstream specification 6.2 and annex B.
 */
export function showsFrame(codec: string, data: Uint8Array): boolean {
  const first = data[0] ?? 0;
  if (codec === 'vp8') return data.length > 0 && ((first >> 4) & 1) === 1;
  if (codec !== 'vp9') return true;
  const last = data[data.length - 1] ?? 0;
  if ((last & 0xe0) === 0xc0) return true; // a superframe: hidden frames travel with a shown one
  const isProfile3 = ((first >> 4) & 3) === 3;
  const shift = isProfile3 ? 2 : 3;
  const showExisting = (first >> shift) & 1;
  const showFrame = (first >> (shift - 2)) & 1;
  return showExisting === 1 || showFrame === 1;
}
