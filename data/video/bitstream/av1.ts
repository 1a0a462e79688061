import { BitReader } from './bit-reader.js';
import type { Picture, PictureReader } from './picture.js';

const [SEQUENCE, FRAME_HEADER, FRAME] = [1, 3, 6];
const KEY_FRAME = 0;
const MAX_UNITS = 1024;

/**
 * AV1 (bitstream specification 5.5 and 5.9): a packet is a temporal unit and shows one frame.
 * Decoding is right from a key frame on that is shown at once, with its sequence header before it.
 * Streams of several layers, or that show more or less than one frame a unit, are left to the decoder.
 */
export class Av1Reader implements PictureReader {
  #isReduced: boolean | undefined;
  #packets = 0;

  constructor(extradata: Uint8Array) {
    // An `av1C` box: four bytes, and units after them.
    for (const { type, payload } of units(extradata.subarray(4)) ?? []) {
      if (type === SEQUENCE) this.#readSequence(payload);
    }
  }

  read(packet: Uint8Array): Picture | undefined {
    let shown = 0;
    let isEntry = false;
    let isFirst = true;
    const found = units(packet);
    if (found === undefined) return undefined;
    let hasSequence = false;
    for (const { type, payload } of found) {
      if (type === SEQUENCE) {
        this.#readSequence(payload);
        hasSequence = true;
      }
      if (type !== FRAME_HEADER && type !== FRAME) continue;
      if (this.#isReduced !== false) return undefined; // still pictures, or no header yet
      const bits = new BitReader(payload.subarray(0, 8));
      const showsEarlier = bits.flag();
      const isKey = !showsEarlier && bits.bits(2) === KEY_FRAME;
      const isShown = showsEarlier || bits.flag();
      if (isShown) shown++;
      if (isFirst) isEntry = isKey && isShown && hasSequence;
      isFirst = false;
    }
    return shown === 1 ? { isShown: true, isEntry, order: this.#packets++ } : undefined;
  }

  #readSequence(payload: Uint8Array): void {
    const bits = new BitReader(payload.subarray(0, 8));
    bits.skip(4);
    this.#isReduced = bits.flag();
  }
}

/** The units of a packet; undefined where lengths do not add up, or a unit is of a layer. */
function units(packet: Uint8Array): { type: number; payload: Uint8Array }[] | undefined {
  const found: { type: number; payload: Uint8Array }[] = [];
  for (let at = 0; at < packet.length; ) {
    const header = packet[at++] as number;
    if ((header & 0x80) !== 0 || found.length === MAX_UNITS) return undefined;
    if ((header & 4) !== 0 && ((packet[at++] ?? 0) >> 3) % 4 !== 0) return undefined;
    let size = packet.length - at;
    if ((header & 2) !== 0) {
      size = 0;
      for (let i = 0; i < 8; i++) {
        const byte = packet[at++] ?? 0;
        size += (byte & 127) * 128 ** i;
        if ((byte & 128) === 0) break;
      }
    }
    if (at + size > packet.length) return undefined;
    found.push({ type: (header >> 3) & 15, payload: packet.subarray(at, at + size) });
    at += size;
  }
  return found;
}
