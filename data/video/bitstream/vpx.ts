import type { Picture, PictureReader } from './picture.js';

/**
 * VP8 (RFC 6386 section 9.1): a hidden frame, which later ones refer to, has a packet of its own.
 * A key frame replaces all that later frames refer to.
 */
export class Vp8Reader implements PictureReader {
  #packets = 0;

  read(packet: Uint8Array): Picture | undefined {
    const first = packet[0];
    if (first === undefined) return undefined;
    const isShown = ((first >> 4) & 1) === 1;
    return { isShown, isEntry: (first & 1) === 0 && isShown, order: this.#packets++ };
  }
}

/**
 * VP9 (bitstream specification 6.2 and annex B): hidden frames have a packet of their own, or travel
 * in a superframe with the one that is shown.
 */
export class Vp9Reader implements PictureReader {
  #packets = 0;

  read(packet: Uint8Array): Picture | undefined {
    const frames = superframe(packet)?.map(frameHeader);
    if (frames === undefined || frames.length === 0) return undefined;
    const shown = frames.filter((frame) => frame?.isShown === true).length;
    if (frames.includes(undefined) || shown > 1) return undefined;
    // A key frame replaces all that later frames refer to; one that is hidden is no frame to enter at.
    const isEntry = frames[0]?.isKey === true && frames[0].isShown;
    return { isShown: shown === 1, isEntry, order: this.#packets++ };
  }
}

/** The frames of a packet; undefined where its index does not add up. */
function superframe(packet: Uint8Array): Uint8Array[] | undefined {
  const marker = packet[packet.length - 1];
  if (marker === undefined) return undefined;
  if ((marker & 0xe0) !== 0xc0) return [packet];
  const count = (marker & 7) + 1;
  const sizeBytes = ((marker >> 3) & 3) + 1;
  const index = packet.length - 2 - count * sizeBytes;
  if (index < 0 || packet[index] !== marker) return [packet];
  const frames: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    let size = 0;
    for (let k = 0; k < sizeBytes; k++)
      size += (packet[index + 1 + i * sizeBytes + k] ?? 0) * 256 ** k;
    if (size === 0 || at + size > index) return undefined;
    frames.push(packet.subarray(at, at + size));
    at += size;
  }
  return frames;
}

function frameHeader(
  bytes: Uint8Array,
): { readonly isShown: boolean; readonly isKey: boolean } | undefined {
  const first = bytes[0] ?? 0;
  if (first >> 6 !== 2) return undefined;
  const isProfile3 = ((first >> 4) & 3) === 3;
  const shift = isProfile3 ? 2 : 3;
  if (((first >> shift) & 1) === 1) return { isShown: true, isKey: false }; // shows an earlier one
  const isKey = ((first >> (shift - 1)) & 1) === 0;
  return { isShown: ((first >> (shift - 2)) & 1) === 1, isKey };
}
