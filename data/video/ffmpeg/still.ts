import { noFrameDecodes, refusal } from '../refusal.js';
import type { DecodeStill } from '../still/still-reader.js';
import { inputUrl, type VideoPath } from '../video-path.js';
import { decodeOptions, inputOptions } from './programs.js';
import { runProgram } from './run-program.js';

/**
 * Decodes a still picture by the program: its file is one packet (`image2` reads it whole and, without
 * patterns, no other), so that what lies behind the picture is no second frame.
 */
export function stillDecoder(version: number, path: VideoPath): DecodeStill {
  return async ({ codec }, filters, size) => {
    const bytes = size.width * size.height * 3;
    const { output, complaint, exitCode } = await runProgram(
      'ffmpeg',
      [
        ...[...inputOptions(path, 'image2'), ...decodeOptions(version, codec)],
        ...['-f', 'image2', '-pattern_type', 'none', '-c:v', codec, '-i', inputUrl(path)],
        ...['-map', '0:0', '-filter_threads', '1', '-vf', filters.join()],
        ...['-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
      ],
      bytes,
    );
    if (output.length === bytes) return output;
    if (exitCode !== 0) throw refusal(path, 'ffmpeg stopped', complaint);
    throw noFrameDecodes(path, 0);
  };
}
