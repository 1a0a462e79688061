import { LacunaError } from '../../../spec/errors.js';
import { assembleFrames, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { checkRequest, refusal } from '../refusal.js';
import { checkVideoFile } from '../video-file.js';
import type { FrameRequest, Frames, VideoBackend, VideoInfo } from '../video-reader.js';
import { INPUT_OPTIONS, probe } from './probe.js';
import { runProgram } from './run-program.js';

/**
 * Video by the programs `ffmpeg` and `ffprobe` (5.1 or later) of this machine, each in a child
 * process. It always decodes from the start of the file.
 *
 * @throws LacunaError when the programs are not there or too old.
 */
export async function ffmpegBackend(): Promise<VideoBackend> {
  for (const program of ['ffmpeg', 'ffprobe']) await requireVersion(program);
  return {
    name: 'ffmpeg',
    async open(path) {
      await checkVideoFile(path);
      const info = await probe(path);
      return { info, read: (request) => read(path, info, request), [Symbol.dispose]: () => {} };
    },
  };
}

async function requireVersion(program: string): Promise<void> {
  const fix = 'Install FFmpeg 5.1 or later, or "npm install node-av".';
  let version: string;
  try {
    const { output } = await runProgram(program, ['-hide_banner', '-version'], 2 ** 16);
    version = output.toString('utf8').split('\n')[0] ?? '';
  } catch (error) {
    throw new LacunaError({ what: `the program ${program} is not there`, fix }, { cause: error });
  }
  // A version without a number (a build of the development branch) is taken to be new.
  const number = /version n?(\d+)\.(\d+)/.exec(version);
  if (number === null || Number(number[1]) * 100 + Number(number[2]) >= 501) return;
  throw new LacunaError({ what: `the program ${program} is too old`, got: version, fix });
}

async function read(path: string, info: VideoInfo, request: FrameRequest): Promise<Frames> {
  checkRequest(path, info, request);
  const wanted = wantedFrames(request);
  const frameBytes = request.size.width * request.size.height * 3;
  const args = [
    ...[...INPUT_OPTIONS, '-nostdin', '-noautorotate', '-flags', '+bitexact', '-threads', '1'],
    ...['-i', `file:${path}`, '-map', '0:V:0', '-filter_threads', '1'],
    ...['-vf', `select=${selection(wanted)},${filterChain(info, request)}`],
    ...['-fps_mode', 'passthrough', '-frames:v', String(wanted.length)],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
  const { output, complaint, exitCode } = await runProgram(
    'ffmpeg',
    args,
    wanted.length * frameBytes,
  );
  const count = Math.floor(output.length / frameBytes);
  if (count < wanted.length && exitCode !== 0) {
    throw refusal(path, 'ffmpeg stopped', complaint);
  }
  const pixels = Array.from({ length: count }, (_, k) =>
    output.subarray(k * frameBytes, (k + 1) * frameBytes),
  );
  const decodedFrames = count === 0 ? 0 : (wanted[count - 1] ?? 0) + 1;
  return assembleFrames(path, request, wanted, pixels, decodedFrames);
}

/** An FFmpeg expression that is 1 on these frames (ascending): a sum of one term for each run. */
function selection(wanted: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const index of wanted) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === index - 1) run.last = index;
    else runs.push({ first: index, last: index });
  }
  return runs.map(({ first, last }) => `between(n\\,${first}\\,${last})`).join('+');
}
