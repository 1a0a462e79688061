import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LacunaError } from '../../spec/errors.js';
import { type EncodedShape, loadClipFiles } from '../demo/encode-clip.js';
import { programVersion } from '../video/ffmpeg/programs.js';
import { loadLibrary } from '../video/node-av/library.js';
import { Scaler } from '../video/node-av/scaler.js';
import type { FrameSize, VideoBackendName } from '../video/video-reader.js';

/** A video that frames are added to, one after the other. */
export interface ClipWriter extends AsyncDisposable {
  /** RGB24, [H, W, 3]. */
  add(frame: Uint8Array): Promise<void>;
  /** Writes the rest. @throws LacunaError where the encoder failed. */
  finish(): Promise<void>;
}

/** Opens an H.264 file in MP4: a key frame a second, no B frames, `quality` being x264's rate factor. */
export type OpenClipWriter = (file: string, shape: EncodedShape, quality: number) => ClipWriter;

/** The encoder that is there: `node-av`'s x264, or that of the program `ffmpeg`. */
export async function clipWriters(backend: VideoBackendName): Promise<OpenClipWriter> {
  return backend === 'node-av' ? libraryWriters() : programWriters();
}

async function libraryWriters(): Promise<OpenClipWriter> {
  const [library, open] = await Promise.all([loadLibrary(), loadClipFiles()]);
  return (file, shape, quality) => {
    const { width, height } = shape;
    const opened = open(file, shape, quality);
    const scaler = new Scaler(library, file, ['format=yuv420p']);
    return {
      add: async (bytes) => {
        const frame = library.Frame.fromVideoBuffer(
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          {
            width,
            height,
            format: library.AV_PIX_FMT_RGB24,
            timeBase: { num: 1, den: 1 },
            pts: 0n,
          },
        );
        try {
          opened.add(scaler.scale(frame));
        } finally {
          frame.free();
        }
      },
      finish: async () => opened.finish(),
      [Symbol.asyncDispose]: async () => {
        scaler[Symbol.dispose]();
        opened.close();
      },
    };
  };
}

async function programWriters(): Promise<OpenClipWriter> {
  await programVersion('ffmpeg');
  return (file, { framesPerSecond, ...size }, quality) => {
    const gop = String(Math.max(1, Math.round(framesPerSecond)));
    return pipedFrames(size, framesPerSecond, [
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(quality), '-g', gop],
      ...['-bf', '0', '-threads', '1', '-pix_fmt', 'yuv420p', '-fps_mode', 'passthrough'],
      ...['-f', 'mp4', '-y', `file:${file}`],
    ]);
  };
}

/** The program `ffmpeg`, which is given frames and does with them as its last arguments say. */
export function pipedFrames(
  { width, height }: FrameSize,
  framesPerSecond: number,
  output: readonly string[],
  folder?: string,
): ClipWriter {
  const rate = String(Math.round(1000 * framesPerSecond) / 1000);
  const child = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
      ...['-r', rate, '-i', 'pipe:0', ...output],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], ...(folder === undefined ? {} : { cwd: folder }) },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-4096);
  });
  child.stdin.on('error', () => {}); // the exit code tells
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  return {
    add: async (bytes) => {
      if (child.stdin.write(bytes) || child.exitCode !== null) return;
      // A pipe that breaks is no error here: `finish` tells of the exit code.
      await Promise.race([once(child.stdin, 'drain').catch(() => {}), ended]);
    },
    finish: async () => {
      child.stdin.end();
      if ((await ended) === 0) return;
      throw new LacunaError({
        what: 'the program ffmpeg cannot encode the clip',
        got: complaint.trim().split('\n').at(-1) ?? '',
        fix: 'Install an FFmpeg with libx264, or "npm install node-av".',
      });
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.destroy();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
