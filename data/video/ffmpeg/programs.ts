import { LacunaError } from '../../../spec/errors.js';
import { CONTAINERS, MAX_FRAME_PIXELS, STRICT_CODECS } from '../limits.js';
import { inputProtocols, type VideoPath } from '../video-path.js';
import { runProgram } from './run-program.js';

/**
 * The options with which both programs open a file of one of these formats, by default those of a
 * video: no other files, no huge frames.
 */
export function inputOptions(path: VideoPath, formats: string = CONTAINERS): readonly string[] {
  return [
    ...['-v', 'error', '-protocol_whitelist', inputProtocols(path)],
    ...['-format_whitelist', formats],
    ...['-max_pixels', String(MAX_FRAME_PIXELS)],
  ];
}

/**
 * The options with which `ffmpeg` decodes a file, before `-i`: as in `node-av`, with one thread, and
 * without the cropping that a container asks for, which FFmpeg has known from 7.1 on only.
 */
export function decodeOptions(version: number, codec: string): readonly string[] {
  return [
    ...['-nostdin', '-noautorotate', '-flags', '+bitexact', '-threads', '1', '-copyts'],
    ...(STRICT_CODECS.has(codec) ? ['-err_detect', 'explode'] : []),
    ...(version >= 701 ? ['-apply_cropping', 'codec'] : []),
  ];
}

/**
 * The version of a program of FFmpeg, major * 100 + minor. One without a number (a build of the
 * development branch) is taken to be new.
 *
 * @throws LacunaError when the program is not there or older than 5.1.
 */
export async function programVersion(program: string): Promise<number> {
  const fix = 'Install FFmpeg 5.1 or later, or "npm install node-av".';
  let version: string;
  try {
    const { output } = await runProgram(program, ['-hide_banner', '-version'], 2 ** 16);
    version = output.toString('utf8').split('\n')[0] ?? '';
  } catch (error) {
    throw new LacunaError({ what: `the program ${program} is not there`, fix }, { cause: error });
  }
  const number = /version n?(\d+)\.(\d+)/.exec(version);
  if (number === null) return Number.POSITIVE_INFINITY;
  const told = Number(number[1]) * 100 + Number(number[2]);
  if (told >= 501) return told;
  throw new LacunaError({ what: `the program ${program} is too old`, got: version, fix });
}
