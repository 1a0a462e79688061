import { type Orientation, orientationOf, UPRIGHT } from '../orientation.js';
import { checkStoredSize, refusal, unreadable } from '../refusal.js';
import { inputUrl, type VideoPath } from '../video-path.js';
import type { FrameSize } from '../video-reader.js';
import { videoStreamOf } from '../video-stream.js';
import { inputOptions } from './programs.js';
import { runProgram } from './run-program.js';

/** What ffprobe tells of the video stream of a file. */
export interface ProbedStream {
  /** Its place among the file's streams. */
  readonly index: number;
  readonly codec: string;
  /** Seconds of a unit of time. */
  readonly timeBase: number;
  readonly container: string;
  readonly stored: FrameSize;
  readonly orientation: Orientation;
  /** The container's configuration of the decoder. */
  readonly extradata: Uint8Array;
}

const MAX_BYTES = 2 ** 24;
const ENTRIES =
  'format=format_name:stream=index,codec_type,codec_name,width,height,time_base,extradata' +
  ':stream_disposition=default,attached_pic:stream_side_data=displaymatrix';

/** @throws LacunaError when the file is no video, or has no video stream. */
export async function probe(path: VideoPath): Promise<ProbedStream> {
  const args = [...inputOptions(path), '-show_data', '-of', 'json', '-show_entries', ENTRIES];
  const { output, complaint } = await runProgram('ffprobe', [...args, inputUrl(path)], MAX_BYTES);
  const reason = complaint.replace(`${inputUrl(path)}: `, '');
  let told: unknown;
  try {
    told = JSON.parse(output.toString('utf8'));
  } catch {
    throw refusal(path, 'ffprobe cannot describe the file', reason);
  }
  const facts = isFacts(told) ? told : {};
  const container = isFacts(facts.format) ? facts.format.format_name : undefined;
  if (typeof container !== 'string') {
    throw unreadable(path, reason);
  }
  const streams = Array.isArray(facts.streams) ? facts.streams.filter(isFacts) : [];
  const stream = videoStreamOf(path, streams, ({ codec_type, disposition }) => {
    const marks = isFacts(disposition) ? disposition : {};
    return {
      isVideo: codec_type === 'video',
      isPicture: count(marks.attached_pic) !== 0,
      isDefault: count(marks.default) !== 0,
    };
  });
  const stored = { width: count(stream.width), height: count(stream.height) };
  checkStoredSize(path, stored);
  return {
    index: count(stream.index),
    codec: String(stream.codec_name ?? 'unknown'),
    timeBase: quotient(String(stream.time_base ?? '')),
    container,
    stored,
    orientation: displayMatrix(stream),
    extradata: dumped(String(stream.extradata ?? '')),
  };
}

function displayMatrix(stream: Facts): Orientation {
  const sideData = Array.isArray(stream.side_data_list) ? stream.side_data_list : [];
  for (const entry of sideData) {
    if (!isFacts(entry) || typeof entry.displaymatrix !== 'string') continue;
    const rows = entry.displaymatrix.replaceAll(/^\d+:/gm, '');
    return orientationOf((rows.match(/-?\d+/g) ?? []).map(Number));
  }
  return UPRIGHT;
}

/** The bytes of ffprobe's dump: lines of an address, hexadecimal digits, and, after two blanks, text. */
function dumped(dump: string): Uint8Array {
  const digits = dump.split('\n').map((line) => /^[0-9a-f]{8}: (.*?) {2}/.exec(line)?.[1] ?? '');
  return Buffer.from(digits.join('').replaceAll(' ', ''), 'hex');
}

type Facts = Readonly<Record<string, unknown>>;

/** A positive fraction `a/b`; NaN for another text. */
function quotient(text: string): number {
  const [, a = '', b = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const value = Number(a) / Number(b);
  return value > 0 && a !== '' ? value : Number.NaN;
}

function count(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
