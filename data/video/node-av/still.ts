import { noFrameDecodes } from '../refusal.js';
import type { DecodeStill } from '../still/still-reader.js';
import type { VideoPath } from '../video-path.js';
import { Decoder } from './decoder.js';
import type { Library } from './library.js';
import { Scaler } from './scaler.js';

/** Decodes a still picture's bytes as the one packet of a stream. */
export function stillDecoder(library: Library, path: VideoPath): DecodeStill {
  const ids = {
    png: library.AV_CODEC_ID_PNG,
    mjpeg: library.AV_CODEC_ID_MJPEG,
    webp: library.AV_CODEC_ID_WEBP,
  };
  return async ({ codec, bytes, stored, orientation }, filters) => {
    library.Log.setLevel(library.AV_LOG_QUIET);
    const parameters = new library.CodecParameters();
    parameters.alloc();
    const packet = new library.Packet();
    packet.alloc();
    try {
      parameters.codecType = library.AVMEDIA_TYPE_VIDEO;
      parameters.codecId = ids[codec];
      packet.data = bytes;
      packet.pts = 0n;
      const timeBase = new library.Rational(1, 1);
      const facts = { parameters, timeBase, codec, container: 'image', stored, orientation };
      using scaler = new Scaler(library, path, filters);
      using decoder = new Decoder(library, path, facts);
      for (const frame of decoder.frames([packet])) {
        if (!decoder.isMadeUp(frame)) return scaler.scale(frame);
      }
      throw noFrameDecodes(path, 0);
    } finally {
      packet.free();
      parameters.free();
    }
  };
}
