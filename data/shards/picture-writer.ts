import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadLibrary } from '../video/node-av/library.js';
import { Scaler } from '../video/node-av/scaler.js';
import type { FrameSize, VideoBackendName } from '../video/video-reader.js';
import { type ClipWriter, pipedFrames } from './clip-writer.js';
import type { PictureFormat } from './shard-recipe.js';

/**
 * Opens a folder for the frames of a clip, each a picture of its own: `0000000.jpg`, `0000001.jpg`, ...
 * `quality` is the quantiser of every JPEG, 2 to 31; a PNG has none.
 */
export type OpenPictureWriter = (
  folder: string,
  size: FrameSize,
  format: PictureFormat,
  quality: number,
) => ClipWriter;

const FORMATS = {
  jpeg: { encoder: 'mjpeg', ending: 'jpg', filters: ['scale=out_range=full', 'format=yuvj420p'] },
  png: { encoder: 'png', ending: 'png', filters: ['format=rgb24'] },
} as const;
/** Digits of a picture's number: no video has more frames. */
const DIGITS = 7;

/** The name of a picture by its number in the clip. */
export function pictureName(number: number, format: PictureFormat): string {
  return `${String(number).padStart(DIGITS, '0')}.${FORMATS[format].ending}`;
}

/** The encoder that is there: that of `node-av`, or of the program `ffmpeg`. */
export async function pictureWriters(backend: VideoBackendName): Promise<OpenPictureWriter> {
  return backend === 'node-av' ? libraryPictures() : programPictures;
}

async function libraryPictures(): Promise<OpenPictureWriter> {
  const [library, av] = await Promise.all([loadLibrary(), import('node-av')]);
  return (folder, { width, height }, format, quality) => {
    const { filters } = FORMATS[format];
    const isJpeg = format === 'jpeg';
    const scaler = new Scaler(library, folder, filters);
    const encoder = av.Encoder.createSync(isJpeg ? av.FF_ENCODER_MJPEG : av.FF_ENCODER_PNG, {
      threadCount: 1,
      configure: (context) => {
        context.timeBase = new av.Rational(1, 1);
        if (!isJpeg) return;
        for (const bound of ['qmin', 'qmax'])
          av.FFmpegError.throwIfError(context.setOption(bound, String(quality)), `set ${bound}`);
      },
    });
    let [index, number] = [0n, 0];
    const writePackets = async (): Promise<void> => {
      for (;;) {
        const packet = encoder.receiveSync();
        if (!(packet instanceof av.Packet)) return;
        const bytes = Buffer.from(packet.data ?? []);
        packet.free();
        await writeFile(join(folder, pictureName(number++, format)), bytes);
      }
    };
    type Pixels = typeof library.AV_PIX_FMT_RGB24;
    const frameOf = (bytes: Uint8Array, pixels: Pixels): InstanceType<typeof av.Frame> => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const facts = { width, height, timeBase: { num: 1, den: 1 }, pts: index };
      return av.Frame.fromVideoBuffer(buffer, { ...facts, format: pixels });
    };
    return {
      add: async (bytes) => {
        const shown = frameOf(bytes, library.AV_PIX_FMT_RGB24);
        try {
          const converted = scaler.scale(shown);
          const frame = frameOf(
            converted,
            isJpeg ? library.AV_PIX_FMT_YUVJ420P : library.AV_PIX_FMT_RGB24,
          );
          index++;
          encoder.encodeSync(frame);
          frame.free();
        } finally {
          shown.free();
        }
        await writePackets();
      },
      finish: async () => {
        encoder.flushSync();
        await writePackets();
      },
      [Symbol.asyncDispose]: async () => {
        scaler[Symbol.dispose]();
        encoder.close();
      },
    };
  };
}

const programPictures: OpenPictureWriter = (folder, size, format, quality) => {
  const { encoder, ending, filters } = FORMATS[format];
  const bounds = ['-qmin', String(quality), '-qmax', String(quality)];
  return pipedFrames(
    size,
    25,
    [
      ...['-vf', filters.join(), '-c:v', encoder, ...(format === 'jpeg' ? bounds : [])],
      ...['-threads', '1', '-fps_mode', 'passthrough', '-f', 'image2', '-start_number', '0'],
      `%0${DIGITS}d.${ending}`, // in the folder, whose own name is no pattern
    ],
    folder,
  );
};
