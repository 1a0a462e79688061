/** What the bytes of one packet say of the frame in it. */
export interface Picture {
  /** Whether a frame comes out of it: not of hidden frames, nor of the second field of a frame. */
  readonly isShown: boolean;
  /** Whether decoding that begins with this packet is right from its frame on, in the order shown. */
  readonly isEntry: boolean;
  /**
   * Its place in the order in which the decoder gives frames: compares with that of every other
   * picture of the stream. A reader may set it later, when following packets decide.
   */
  order: number;
}

/**
 * Reads the packets of a stream in their order, headers only. Undefined means that the bytes do not
 * tell which frames come out: only decoding does.
 */
export interface PictureReader {
  read(packet: Uint8Array): Picture | undefined;
}

/** Orders in sequences that begin anew: `sequence` counts them, `count` is the order in one. */
export function orderIn(sequence: number, count: number): number {
  return sequence * 2 ** 33 + count;
}

/**
 * The order of codecs with anchors (I and P) and B frames: a B frame is given at once, an anchor
 * when the next anchor comes, and the last one at the end.
 */
export class AnchorOrder {
  #packets = 0;
  #waiting: Picture | undefined;

  /** Sets the order of a picture that is shown, and of the anchor before it. */
  add(picture: Picture, isB: boolean): Picture {
    this.#packets++;
    picture.order = isB ? this.#packets : Number.MAX_SAFE_INTEGER;
    if (isB) return picture;
    if (this.#waiting !== undefined) this.#waiting.order = this.#packets - 0.5;
    this.#waiting = picture;
    return picture;
  }
}
