import { BitReader } from './bit-reader.js';
import { AnchorOrder, type Picture, type PictureReader } from './picture.js';

const START = Buffer.from([0, 0, 1]);
const VOP = Buffer.from([0, 0, 1, 0xb6]);
const [I, B] = [0, 2];
const HEADER_BYTES = 64;
const MAX_CODES = 64;

/**
 * MPEG-4 part 2 (ISO/IEC 14496-2): Xvid, DivX. Decoding is right from an I-VOP on, in the order
 * shown. Packets with two VOPs (packed B frames) or with one that is not coded are left to the decoder.
 */
export class Mpeg4Reader implements PictureReader {
  readonly #order = new AnchorOrder();
  #timeBits: number | undefined;

  constructor(extradata: Uint8Array) {
    this.#readLayer(Buffer.from(extradata));
  }

  read(packet: Uint8Array): Picture | undefined {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    this.#readLayer(bytes);
    const at = bytes.indexOf(VOP);
    if (at === -1 || bytes.indexOf(VOP, at + 4) !== -1 || this.#timeBits === undefined) {
      return undefined;
    }
    const bits = new BitReader(bytes.subarray(at + 4, at + 4 + HEADER_BYTES));
    const type = bits.bits(2);
    while (bits.flag());
    bits.skip(1 + this.#timeBits + 1);
    const isCoded = bits.flag();
    if (!isCoded || bits.isPast) return undefined;
    return this.#order.add({ isShown: true, isEntry: type === I, order: 0 }, type === B);
  }

  /** 6.2.3: how many bits a VOP's time has. */
  #readLayer(bytes: Buffer): void {
    let at = bytes.indexOf(START);
    for (let codes = 0; at !== -1 && codes < MAX_CODES; codes++) {
      const code = bytes[at + 3] ?? 0;
      if (code === 0xb6) return;
      if (code >= 0x20 && code <= 0x2f) {
        const bits = new BitReader(bytes.subarray(at + 4, at + 4 + HEADER_BYTES));
        bits.skip(9);
        if (bits.flag()) bits.skip(7);
        if (bits.bits(4) === 15) bits.skip(16);
        if (bits.flag()) {
          bits.skip(3);
          if (bits.flag()) bits.skip(79);
        }
        const shape = bits.bits(2);
        bits.skip(1);
        const resolution = bits.bits(16);
        const isPlain = shape === 0 && resolution > 0 && !bits.isPast;
        this.#timeBits = isPlain ? Math.max(1, Math.ceil(Math.log2(resolution))) : undefined;
      }
      at = bytes.indexOf(START, at + 3);
    }
  }
}
