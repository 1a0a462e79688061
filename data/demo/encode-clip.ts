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

/** x264's constant rate factor: lower is better and larger. */
const DEMO_QUALITY = 16;

/**
 * Writes the frames of a clip (planar YUV 4:2:0) as an H.264 file, Matroska where its name ends with
 * `.mkv` and mp4 otherwise, whatever its name; by default demo frames.
 */
export type ClipEncoder = (
  file: string,
  frames: readonly Uint8Array[],
  shape?: EncodedShape,
) => void;

/** A video file that frames are added to, one after the other. */
export interface ClipFile {
  /** Planar YUV 4:2:0. */
  add(frame: Uint8Array): void;
  /** Writes what the encoder still holds. */
  finish(): void;
  /** Closes the file; after a failure too. */
  close(): void;
}

/**
 * Loads `node-av` and returns an encoder of clips.
 *
 * @throws LacunaError if `node-av` is not installed or cannot be loaded here.
 */
export async function loadClipEncoder(): Promise<ClipEncoder> {
  const open = await loadClipFiles();
  return (file, frames, shape) => {
    const opened = open(file, shape);
    try {
      for (const frame of frames) opened.add(frame);
      opened.finish();
    } finally {
      opened.close();
    }
  };
}

/**
 * Loads `node-av` and returns what opens a file for frames: a key frame a second, no B frames. One
 * thread and fixed settings: the same frames give the same bytes on one machine with one version of
 * `node-av`.
 *
 * Options are set in `configure`, never through `options`: that frees FFmpeg's dictionary twice.
 *
 * @throws LacunaError if `node-av` is not installed or cannot be loaded here.
 */
export async function loadClipFiles(): Promise<
  (file: string, shape?: EncodedShape, quality?: number) => ClipFile
> {
  const av = await importNodeAv();
  av.Log.setLevel(av.AV_LOG_ERROR);
  return (file, { width, height, framesPerSecond } = DEMO_SHAPE, quality = DEMO_QUALITY) => {
    const settings = [
      ['preset', 'veryfast'],
      ['crf', String(quality)],
    ] as const;
    // A rate that is no whole number is told in thousandths.
    const rate = Number.isInteger(framesPerSecond)
      ? { num: framesPerSecond, den: 1 }
      : { num: Math.round(1000 * framesPerSecond), den: 1000 };
    const encoder = av.Encoder.createSync(av.FF_ENCODER_LIBX264, {
      threadCount: 1,
      gopSize: Math.max(1, Math.round(framesPerSecond)),
      maxBFrames: 0,
      configure: (context) => {
        for (const [name, value] of settings) {
          av.FFmpegError.throwIfError(context.setOption(name, value), `set ${name}`);
        }
        context.framerate = new av.Rational(rate.num, rate.den);
        context.timeBase = new av.Rational(rate.den, rate.num);
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
    let index = 0n;
    return {
      add: (bytes) => {
        const frame = av.Frame.fromVideoBuffer(
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          {
            width,
            height,
            format: av.AV_PIX_FMT_YUV420P,
            timeBase: { num: rate.den, den: rate.num },
            pts: index++,
          },
        );
        encoder.encodeSync(frame);
        frame.free();
        writePackets();
      },
      finish: () => {
        encoder.flushSync();
        writePackets();
      },
      close: () => {
        muxer.closeSync();
        encoder.close();
      },
    };
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
