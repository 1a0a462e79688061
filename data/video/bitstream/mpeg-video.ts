import { AnchorOrder, type Picture, type PictureReader } from './picture.js';

const START = Buffer.from([0, 0, 1]);
const [PICTURE, EXTENSION, GROUP] = [0x00, 0xb5, 0xb8];
const [SEQUENCE_EXTENSION, CODING_EXTENSION] = [1, 8];
const [I, B] = [1, 3];
const FRAME = 3;
/** Start codes of one packet that are looked at before its first slice. */
const MAX_CODES = 64;

/**
 * MPEG-1 and MPEG-2 video (ISO/IEC 11172-2, 13818-2). Decoding is right from an I picture on, in the
 * order shown: P pictures refer to the anchor before them alone. B pictures before it in that order
 * may need the group before.
 */
export class MpegVideoReader implements PictureReader {
  readonly #order = new AnchorOrder();
  #hasLowDelay = false;

  constructor(extradata: Uint8Array) {
    this.#readHeaders(Buffer.from(extradata));
  }

  read(packet: Uint8Array): Picture | undefined {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    const header = this.#readHeaders(bytes);
    if (header === undefined) return undefined;
    const { at, type, structure, isBroken } = header;
    if (isBroken || type < I || type > B || (type === B && this.#hasLowDelay)) return undefined;
    const next = bytes.indexOf(Buffer.from([0, 0, 1, PICTURE]), at + 1);
    if (structure !== FRAME) {
      // Two fields in one packet make a frame; a field alone is left to the decoder.
      const second = next === -1 ? undefined : this.#readHeaders(bytes.subarray(next));
      if (second === undefined || second.structure + structure !== FRAME) return undefined;
      if (bytes.indexOf(Buffer.from([0, 0, 1, PICTURE]), next + 1) !== -1) return undefined;
    } else if (next !== -1) return undefined;
    const picture: Picture = { isShown: true, isEntry: type === I, order: 0 };
    return this.#order.add(picture, type === B);
  }

  /** The first picture header of the bytes, with what lies before its first slice. */
  #readHeaders(bytes: Buffer): PictureHeader | undefined {
    let header: PictureHeader | undefined;
    let isBroken = false;
    let at = bytes.indexOf(START);
    for (let codes = 0; at !== -1 && codes < MAX_CODES; codes++) {
      const [code = 0, a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 3, at + 8);
      if (code > 0 && code < 0xb0) break; // a slice
      if (code === PICTURE) {
        if (header !== undefined) break;
        header = { at, type: (b >> 3) & 7, structure: FRAME, isBroken };
      }
      if (code === GROUP) isBroken = ((d >> 5) & 1) === 1;
      if (code === EXTENSION && a >> 4 === SEQUENCE_EXTENSION) {
        this.#hasLowDelay = ((bytes[at + 9] ?? 0) & 0x80) !== 0;
      }
      if (code === EXTENSION && a >> 4 === CODING_EXTENSION && header !== undefined) {
        header = { ...header, structure: c & 3 };
      }
      at = bytes.indexOf(START, at + 3);
    }
    return header;
  }
}

interface PictureHeader {
  readonly at: number;
  readonly type: number;
  /** 1: the top field, 2: the bottom field, 3: a frame. */
  readonly structure: number;
  readonly isBroken: boolean;
}
