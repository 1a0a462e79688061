import type { Picture, PictureReader } from './picture.js';

/** Codecs whose every packet is a picture by itself: FFmpeg's names. */
export const INTRA_CODECS: ReadonlySet<string> = new Set([
  ...['mjpeg', 'prores', 'dnxhd', 'dvvideo', 'jpeg2000', 'rawvideo', 'v210', 'huffyuv', 'ffvhuff'],
  ...['utvideo', 'magicyuv'],
]);

/** Such a codec. */
export class IntraReader implements PictureReader {
  #packets = 0;

  read(packet: Uint8Array): Picture | undefined {
    if (packet.length === 0) return undefined;
    return { isShown: true, isEntry: true, order: this.#packets++ };
  }
}
