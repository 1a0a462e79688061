import { CONTAINERS, MAX_FRAME_PIXELS, MAX_VIDEO_FRAMES } from '../limits.js';
import { orientationOf, shownSize, UPRIGHT } from '../orientation.js';
import { checkFrameCount, checkStoredSize, refusal } from '../refusal.js';
import type { VideoInfo } from '../video-reader.js';
import { runProgram } from './run-program.js';

/** The options with which both programs open a file: no other files, no huge frames. */
export const INPUT_OPTIONS: readonly string[] = [
  ...['-v', 'error', '-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS],
  ...['-max_pixels', String(MAX_FRAME_PIXELS)],
];

const BYTES_PER_PACKET = 64;

/** What ffprobe tells of a file's first video stream. @throws LacunaError when it has none. */
export async function probe(path: string): Promise<VideoInfo> {
  const { stream, container, frames } = await ffprobe(path, 'packet=flags', []);
  const stored = { width: count(stream.width), height: count(stream.height) };
  checkStoredSize(path, stored);
  const codec = String(stream.codec_name ?? 'unknown');
  // Hidden VP8 and VP9 frames come in packets of their own: count what decodes.
  const isHiding = codec === 'vp8' || codec === 'vp9';
  const frameCount = isHiding
    ? count((await ffprobe(path, 'stream=nb_read_frames', ['-count_frames'])).stream.nb_read_frames)
    : frames;
  checkFrameCount(path, frameCount);
  const orientation = displayMatrix(stream);
  return { ...shownSize(stored, orientation), codec, container, stored, orientation, frameCount };
}

function displayMatrix(stream: Facts): VideoInfo['orientation'] {
  const sideData = Array.isArray(stream.side_data_list) ? stream.side_data_list : [];
  for (const entry of sideData) {
    if (!isFacts(entry) || typeof entry.displaymatrix !== 'string') continue;
    const rows = entry.displaymatrix.replaceAll(/^\d+:/gm, '');
    return orientationOf((rows.match(/-?\d+/g) ?? []).map(Number));
  }
  return UPRIGHT;
}

type Facts = Readonly<Record<string, unknown>>;

async function ffprobe(
  path: string,
  entries: string,
  options: readonly string[],
): Promise<{ stream: Facts; container: string; frames: number }> {
  const args = [
    ...[...INPUT_OPTIONS, ...options, '-select_streams', 'V:0', '-of', 'json'],
    ...['-show_entries', `stream:format=format_name:${entries}`, `file:${path}`],
  ];
  const maxBytes = 2 * MAX_VIDEO_FRAMES * BYTES_PER_PACKET;
  const { output, complaint } = await runProgram('ffprobe', args, maxBytes);
  const reason = complaint.replace(`file:${path}: `, '');
  let told: unknown;
  try {
    told = JSON.parse(output.toString('utf8'));
  } catch {
    throw refusal(path, 'ffprobe cannot describe the file', reason);
  }
  const facts = isFacts(told) ? told : {};
  const container = isFacts(facts.format) ? facts.format.format_name : undefined;
  if (typeof container !== 'string') {
    throw refusal(path, 'this is no video file that can be read', reason);
  }
  const stream: unknown = Array.isArray(facts.streams) ? facts.streams[0] : undefined;
  if (!isFacts(stream)) throw refusal(path, 'the file has no video stream');
  const packets = Array.isArray(facts.packets) ? facts.packets : [];
  const isCutOff = (packet: unknown): boolean =>
    isFacts(packet) && typeof packet.flags === 'string' && packet.flags.includes('D');
  const frames = packets.filter((packet) => !isCutOff(packet)).length;
  return { stream, container, frames };
}

function count(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
