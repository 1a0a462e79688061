import { extname } from 'node:path';
import { LacunaError } from '../../spec/errors.js';
import { FRAME_SIDE, FRAMES_PER_SECOND } from './frame.js';

/** The form of the frames; width and height are even. */
export interface EncodedShape {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

const DEMO_SHAPE: EncodedShape = {
  width: FRAME_SIDE,
  height: FRAME_SIDE,
  framesPerSecond: FRAMES_PER_SECOND,
};

/**
 * Writes the frames of a clip (planar YUV 4:2:0) as an H.264 file, Matroska where its name ends with
 * `.mkv` and mp4 otherwise, whatever its name; by default demo frames.
 */
export type ClipEncoder = (
  file: string,
  frames: readonly Uint8Array[],
  shape?: EncodedShape,
) => void;

/**
 * Loads `node-av` and returns an encoder of clips. One thread and fixed settings: the same frames
 * give the same bytes on one machine with one version of `node-av`.
 *
 * Options are set in `configure`, never through `options`: that frees FFmpeg's dictionary twice.
 *
 * @throws LacunaError if `node-av` is not installed or cannot be loaded here.
 */
export async function loadClipEncoder(): Promise<ClipEncoder> {
  const av = await importNodeAv();
  av.Log.setLevel(av.AV_LOG_ERROR);
  const settings = [
    ['preset', 'veryfast'],
    ['crf', '16'],
  ] as const;

  return (file, frames, { width, height, framesPerSecond } = DEMO_SHAPE) => {
    const encoder = av.Encoder.createSync(av.FF_ENCODER_LIBX264, {
      threadCount: 1,
      gopSize: framesPerSecond,
      maxBFrames: 0,
      configure: (context) => {
        for (const [name, value] of settings) {
          av.FFmpegError.throwIfError(context.setOption(name, value), `set ${name}`);
        }
        context.framerate = new av.Rational(framesPerSecond, 1);
        context.timeBase = new av.Rational(1, framesPerSecond);
      },
    });
    const muxer = av.Muxer.openSync(file, {
      format: extname(file) === '.mkv' ? 'matroska' : 'mp4',
    });
    const stream = muxer.addStream(encoder);
    const writePackets = (): void => {
      for (;;) {
        const packet = encoder.receiveSync();
        if (!(packet instanceof av.Packet)) return;
        muxer.writePacketSync(packet, stream);
        packet.free();
      }
    };
    try {
      for (const [index, bytes] of frames.entries()) {
        const frame = av.Frame.fromVideoBuffer(
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          {
            width,
            height,
            format: av.AV_PIX_FMT_YUV420P,
            timeBase: { num: 1, den: framesPerSecond },
            pts: BigInt(index),
          },
        );
        encoder.encodeSync(frame);
        frame.free();
        writePackets();
      }
      encoder.flushSync();
      writePackets();
    } finally {
      muxer.closeSync();
      encoder.close();
    }
  };
}

async function importNodeAv(): Promise<typeof import('node-av')> {
  try {
    return await import('node-av');
  } catch (cause) {
    const missing =
      cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    throw new LacunaError(
      {
        what: missing
          ? 'writing videos needs node-av, which is not installed'
          : `node-av is installed but does not load (${String(cause)})`,
        fix: 'Install it with `npm install node-av`.',
      },
      { cause },
    );
  }
}
