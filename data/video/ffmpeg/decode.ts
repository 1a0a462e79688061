import { filterChain } from '../filter-chain.js';
import { MAX_VIDEO_FRAMES } from '../limits.js';
import { refusal } from '../refusal.js';
import type { EntryPoint } from '../timeline.js';
import { inputUrl, type VideoPath } from '../video-path.js';
import type { FrameRequest } from '../video-reader.js';
import { DecodeLog, LOG_OPTIONS } from './decode-log.js';
import { decodeOptions, inputOptions } from './programs.js';
import { runProgram, watchProgram } from './run-program.js';
import type { VideoIndex } from './video-index.js';

/** A stream that is decoded, and by which version of the program. */
export interface Source {
  readonly path: VideoPath;
  readonly version: number;
  /** Its place among the streams of the file. */
  readonly index: number;
  readonly codec: string;
}

/** What the program says of the whole stream. */
export async function decodeAll({ path, version, index, codec }: Source): Promise<DecodeLog> {
  const log = new DecodeLog();
  const args = [...inputOptions(path), ...decodeOptions(version, codec), '-i', inputUrl(path)];
  args.push(...LOG_OPTIONS, '-map', `0:${index}`, '-fps_mode', 'passthrough', '-f', 'null', '-');
  await watchProgram('ffmpeg', args, {
    onErrorLine: (line) => {
      log.add(line);
      return log.frames.length <= MAX_VIDEO_FRAMES;
    },
  });
  return log;
}

/** What one call of the program gave. */
export interface DecodedPart {
  readonly pixels: ReadonlyMap<number, Uint8Array>;
  /**
   * Whether all frames asked for are there, and, where it is not known yet which frames are lost,
   * nothing on the way was: each frame from the entry on came, and none was made up.
   */
  readonly isClean: boolean;
  readonly decodedFrames: number;
}

/** Decodes these frames (ascending) from an entry point on, in one call of the program. */
export async function decodePart(
  { path, version, video }: { path: VideoPath; version: number; video: VideoIndex },
  {
    request,
    frames,
    entry,
  }: { request: FrameRequest; frames: readonly number[]; entry: EntryPoint },
): Promise<DecodedPart> {
  const { timeline, times, info, stream } = video;
  const isKnown = timeline.lost !== undefined;
  const last = frames.at(-1) ?? 0;
  const settled = isKnown ? last : timeline.settledBy(frames, entry);
  const end =
    times.length > 0 ? `end_pts=${(times[settled] ?? 0) + 1}` : `end_frame=${settled + 1}`;
  const frameBytes = request.size.width * request.size.height * 3;
  const log = new DecodeLog();
  const { output, exitCode } = await runProgram(
    'ffmpeg',
    [
      ...[
        ...inputOptions(path),
        ...decodeOptions(version, info.codec),
        ...seekOptions(video, entry),
      ],
      ...['-i', inputUrl(path), ...LOG_OPTIONS, '-map', `0:${stream}`, '-filter_threads', '1'],
      ...[
        '-vf',
        `trim=${end},select=${selection(frames, times)},${filterChain(info, request).join()}`,
      ],
      ...['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    ],
    frames.length * frameBytes,
    (line) => {
      log.add(line);
      return log.frames.length <= MAX_VIDEO_FRAMES;
    },
  );
  const given = framesGiven(video, log, entry, settled);
  if (given.frames.size === 0 && exitCode !== 0) {
    throw refusal(path, 'ffmpeg stopped', log.complaint);
  }
  const told = frames.filter((frame) => given.frames.has(frame));
  const count = Math.min(told.length, Math.floor(output.length / frameBytes));
  const pixels = new Map<number, Uint8Array>();
  for (const [k, frame] of told.slice(0, count).entries()) {
    pixels.set(frame, output.subarray(k * frameBytes, (k + 1) * frameBytes));
  }
  const areAllThere = pixels.size === frames.length && given.hasEntry;
  return {
    pixels,
    isClean: areAllThere && (isKnown || given.isClean),
    decodedFrames: log.frames.length,
  };
}

/** Which frames from the entry on to the last one that matters the program decoded. */
function framesGiven(
  { times }: VideoIndex,
  { frames, refusedAfter }: DecodeLog,
  entry: EntryPoint,
  settled: number,
): { readonly frames: ReadonlySet<number>; readonly hasEntry: boolean; readonly isClean: boolean } {
  const frameAt = new Map<number, number>();
  for (let frame = entry.frame; frame <= settled && times.length > 0; frame++) {
    frameAt.set(times[frame] as number, frame);
  }
  const given = new Set<number>();
  let [expected, isClean, from, to] = [entry.frame, true, 0, 0];
  for (const [count, { time, isMadeUp }] of frames.entries()) {
    const frame = times.length > 0 ? frameAt.get(time) : count;
    if (frame === undefined || frame > settled) continue;
    if (given.size === 0) from = count + 1;
    to = count + 1;
    given.add(frame);
    if (frame !== expected++ || isMadeUp) isClean = false;
  }
  // Others may be predicted from a packet that was refused, even where no frame is missing.
  const isRefused = refusedAfter.some((count) => count >= from && count < to);
  return {
    frames: given,
    hasEntry: entry.packet === 0 || given.has(entry.frame),
    isClean: isClean && !isRefused && expected > settled,
  };
}

/** The options with which the program begins at an entry, or before it; none for the file's start. */
function seekOptions(
  { timeline, entryTimes }: VideoIndex,
  { packet }: EntryPoint,
): readonly string[] {
  if (packet === 0) return [];
  const at = timeline.entries.findIndex((each) => each.packet === packet);
  const time = entryTimes[at] ?? Number.NaN;
  if (!(time >= 0)) return [];
  // What is before the entry is decoded and known by its times; without `-noaccurate_seek` it is cut.
  return ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', (time / 1e6).toFixed(6)];
}

/**
 * An FFmpeg expression that is 1 on these frames (ascending), told by their times or by counting: a
 * sum of one term for each run.
 */
function selection(frames: readonly number[], times: Float64Array): string {
  const runs: { first: number; last: number }[] = [];
  for (const index of frames) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === index - 1) run.last = index;
    else runs.push({ first: index, last: index });
  }
  const name = times.length === 0 ? 'n' : 'pts';
  const of = (index: number): number => times[index] ?? index;
  return runs.map(({ first, last }) => `between(${name}\\,${of(first)}\\,${of(last)})`).join('+');
}
