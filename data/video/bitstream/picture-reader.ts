import { Av1Reader } from './av1.js';
import { H264Reader } from './h264.js';
import { HevcReader } from './hevc.js';
import { INTRA_CODECS, IntraReader } from './intra.js';
import { MpegVideoReader } from './mpeg-video.js';
import { Mpeg4Reader } from './mpeg4.js';
import type { PictureReader } from './picture.js';
import { Vp8Reader, Vp9Reader } from './vpx.js';

const READERS: Readonly<Record<string, (extradata: Uint8Array) => PictureReader>> = {
  h264: (extradata) => new H264Reader(extradata),
  hevc: (extradata) => new HevcReader(extradata),
  mpeg1video: (extradata) => new MpegVideoReader(extradata),
  mpeg2video: (extradata) => new MpegVideoReader(extradata),
  mpeg4: (extradata) => new Mpeg4Reader(extradata),
  vp8: () => new Vp8Reader(),
  vp9: () => new Vp9Reader(),
  av1: (extradata) => new Av1Reader(extradata),
};

/**
 * The reader of a codec (FFmpeg's name), or undefined where only decoding tells the frames of a
 * stream. `extradata` is the container's configuration of the decoder.
 */
export function pictureReader(codec: string, extradata: Uint8Array): PictureReader | undefined {
  if (INTRA_CODECS.has(codec)) return new IntraReader();
  return READERS[codec]?.(extradata);
}
