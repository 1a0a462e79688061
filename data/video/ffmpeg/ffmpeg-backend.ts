import { assembleFrames, type FoundFrame, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { IndexCache } from '../index-cache.js';
import { MAX_VIDEO_FRAMES } from '../limits.js';
import { shownSize } from '../orientation.js';
import { checkFrameCount, checkRequest, refusal } from '../refusal.js';
import { type PacketFacts, type Timeline, timelineOfPackets } from '../timeline.js';
import { checkVideoFile } from '../video-file.js';
import type { FrameRequest, Frames, VideoBackend, VideoInfo } from '../video-reader.js';
import { readPackets } from './packets.js';
import { probe } from './probe.js';
import { decodeOptions, INPUT_OPTIONS, programVersion } from './programs.js';
import { runProgram, watchProgram } from './run-program.js';

/**
 * Video by the programs `ffmpeg` and `ffprobe` (5.1 or later) of this machine, each in a child
 * process. It always decodes from the start of the file.
 *
 * @throws LacunaError when the programs are not there or too old.
 */
export async function ffmpegBackend(): Promise<VideoBackend> {
  const version = await programVersion('ffmpeg');
  await programVersion('ffprobe');
  const cache = new IndexCache<Video>();
  return {
    name: 'ffmpeg',
    async open(path) {
      await checkVideoFile(path);
      const video = await cache.get(path, () => describe(path, version));
      return {
        info: video.info,
        read: (request) => read(video, request),
        [Symbol.dispose]: () => {},
      };
    },
  };
}

/** What is kept of a video once it was read through. */
interface Video {
  readonly path: string;
  readonly version: number;
  readonly info: VideoInfo;
  readonly stream: number;
  /** The presentation times of its frames; undefined where frames are told apart by counting. */
  readonly times: readonly number[] | undefined;
  readonly weight: number;
}

async function describe(path: string, version: number): Promise<Video> {
  const probed = await probe(path);
  const { codec, container, stored, orientation, index: stream } = probed;
  const packets = await readPackets(path, probed);
  const timeline = packets && timelineOfPackets(packets);
  const times = timeline && timesOf(timeline, packets);
  const frameCount = timeline?.frameCount ?? (await decodedTimes(path, version, stream)).length;
  checkFrameCount(path, frameCount);
  const size = shownSize(stored, orientation);
  const info = { ...size, codec, container, stored, orientation, frameCount };
  return { path, version, info, stream, times, weight: frameCount };
}

/** The times of the frames, where every frame has one. */
function timesOf(
  { packetOf }: Timeline,
  packets: readonly PacketFacts[],
): readonly number[] | undefined {
  const times = Array.from(packetOf, (packet) => packets[packet]?.time ?? Number.NaN);
  return times.some(Number.isNaN) ? undefined : times;
}

const FRAME_LINE = /\[Parsed_showinfo.*\] n: *\d+ pts: *(-?\d+|NOPTS)/;

/** The presentation times of all frames that decode (NaN where one has none), in the order given. */
async function decodedTimes(path: string, version: number, stream: number): Promise<number[]> {
  const times: number[] = [];
  const args = [...INPUT_OPTIONS, ...decodeOptions(version), '-i', `file:${path}`];
  args.push('-v', 'info', '-map', `0:${stream}`, '-vf', 'showinfo=checksum=0');
  await watchProgram('ffmpeg', [...args, '-fps_mode', 'passthrough', '-f', 'null', '-'], {
    onErrorLine: (line) => {
      const time = FRAME_LINE.exec(line)?.[1];
      if (time !== undefined) times.push(time === 'NOPTS' ? Number.NaN : Number(time));
      return times.length <= MAX_VIDEO_FRAMES;
    },
  });
  return times;
}

/** Frames that one call of the program is asked for: a command line has an end. */
const FRAMES_PER_CALL = 1024;

async function read(video: Video, request: FrameRequest): Promise<Frames> {
  const { path, info, times } = video;
  checkRequest(path, info, request);
  const wanted = wantedFrames(path, request, info.frameCount);
  const found = new Map<number, FoundFrame>();
  let decodedFrames = 0;
  for (let start = 0; start < wanted.length; start += FRAMES_PER_CALL) {
    const some = wanted.slice(start, start + FRAMES_PER_CALL);
    let standing: readonly number[] = some;
    let pixels = await decode(video, request, some);
    if (pixels.length < some.length && times !== undefined) {
      const stand = await standIns(video, times, some);
      // Where the program counts time otherwise than its packets say, frames are counted.
      standing = stand ?? some;
      const told = stand === undefined ? { ...video, times: undefined } : video;
      pixels = await decode(told, request, [...new Set(standing)]);
    }
    const places = [...new Set(standing)];
    for (const [k, frame] of some.entries()) {
      const index = standing[k] ?? frame;
      const data = pixels[places.indexOf(index)];
      if (data !== undefined) found.set(frame, { index, pixels: data });
    }
    decodedFrames += pixels.length === 0 ? 0 : (some[pixels.length - 1] ?? 0) + 1;
  }
  return assembleFrames(path, request, found, decodedFrames);
}

/**
 * For each frame the nearest one before it that decodes; itself where it does. Undefined where no time
 * of the packets is one of a frame.
 */
async function standIns(
  { path, version, stream }: Video,
  times: readonly number[],
  frames: readonly number[],
): Promise<readonly number[] | undefined> {
  const decoded = new Set(await decodedTimes(path, version, stream));
  const first = times.findIndex((time) => decoded.has(time));
  if (first === -1) return undefined;
  return frames.map((frame) => {
    let index = frame;
    while (index >= 0 && !decoded.has(times[index] ?? Number.NaN)) index--;
    return index >= 0 ? index : first;
  });
}

/** The pixels of these frames, ascending; fewer where one does not decode. */
async function decode(
  { path, version, info, stream, times }: Video,
  request: FrameRequest,
  frames: readonly number[],
): Promise<readonly Uint8Array[]> {
  const frameBytes = request.size.width * request.size.height * 3;
  const args = [
    ...[...INPUT_OPTIONS, ...decodeOptions(version), '-i', `file:${path}`],
    ...['-map', `0:${stream}`, '-filter_threads', '1'],
    ...['-vf', `select=${selection(frames, times)},${filterChain(info, request)}`],
    ...['-fps_mode', 'passthrough', '-frames:v', String(frames.length)],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
  const { output, complaint, exitCode } = await runProgram(
    'ffmpeg',
    args,
    frames.length * frameBytes,
  );
  const count = Math.floor(output.length / frameBytes);
  if (count < frames.length && exitCode !== 0) throw refusal(path, 'ffmpeg stopped', complaint);
  return Array.from({ length: count }, (_, k) =>
    output.subarray(k * frameBytes, (k + 1) * frameBytes),
  );
}

/**
 * An FFmpeg expression that is 1 on these frames (ascending), told by their times or by counting: a
 * sum of one term for each run.
 */
function selection(frames: readonly number[], times: readonly number[] | undefined): string {
  const runs: { first: number; last: number }[] = [];
  for (const index of frames) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === index - 1) run.last = index;
    else runs.push({ first: index, last: index });
  }
  const name = times === undefined ? 'n' : 'pts';
  const of = (index: number): number => times?.[index] ?? index;
  return runs.map(({ first, last }) => `between(${name}\\,${of(first)}\\,${of(last)})`).join('+');
}
