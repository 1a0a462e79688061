import { pictureReader } from '../bitstream/picture-reader.js';
import { MAX_VIDEO_FRAMES } from '../limits.js';
import type { PacketFacts } from '../timeline.js';
import { inputUrl, type VideoPath } from '../video-path.js';
import type { ProbedStream } from './probe.js';
import { inputOptions } from './programs.js';
import { runProgram, watchProgram } from './run-program.js';

const BYTES_PER_LINE = 64;

/** A packet, and when it is to be decoded. */
export interface ListedPacket extends PacketFacts {
  /** In the stream's time base; NaN when it has none. */
  readonly decodeTime: number;
}

/** The packets of a stream. */
export interface Packets {
  readonly list: readonly ListedPacket[];
  /**
   * Whether the first packet is by an encoder whose faults decoders make up for: a decoder that begins
   * in the middle of the file does not.
   */
  readonly isFaulty: boolean;
}

/** From this version on ffprobe tells which packets a container calls damaged; others can leave them out. */
const TELLS_DAMAGE = 701;

/** x264 marks its streams; before this version its 4:4:4 was wrong (FFmpeg, `x264_build`). */
const X264 = /x264 - core (\d+)/;
const X264_RIGHT = 151;

/**
 * The packets of a stream, with what their bytes say: ffprobe lists them, and ffmpeg copies out what is
 * in them. Undefined where both do not agree, or no headers of this codec are read.
 */
export async function readPackets(
  path: VideoPath,
  { index, codec, extradata }: ProbedStream,
  version: number,
): Promise<Packets | undefined> {
  const reader = pictureReader(codec, extradata);
  if (reader === undefined) return undefined;
  const all = await listPackets(path, index);
  const listed = version < TELLS_DAMAGE ? await markDamage(path, index, all) : all;
  const packets: ListedPacket[] = [];
  let isFaulty = false;
  const parts: Buffer[] = [];
  let gathered = 0;
  const take = (): boolean => {
    const { size = 0, ...facts } = listed[packets.length] ?? {};
    if (packets.length >= listed.length || gathered < size) return false;
    const bytes = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    parts.splice(0, parts.length, bytes.subarray(size));
    gathered -= size;
    if (packets.length === 0) {
      const build = X264.exec(bytes.toString('latin1', 0, Math.min(size, MAX_MARK_BYTES)))?.[1];
      isFaulty = Number(build ?? X264_RIGHT) < X264_RIGHT;
    }
    packets.push({ ...NONE, ...facts, picture: reader.read(bytes.subarray(0, size)) });
    return true;
  };
  const args = [...inputOptions(path), '-nostdin', '-i', inputUrl(path), '-map', `0:${index}`];
  await watchProgram('ffmpeg', [...args, '-c', 'copy', '-copyinkf', '-f', 'data', 'pipe:1'], {
    onOutput: (chunk) => {
      parts.push(chunk);
      gathered += chunk.length;
      while (take());
      return packets.length < listed.length || gathered === 0;
    },
  });
  while (take());
  const isWhole = packets.length === listed.length && gathered === 0;
  return isWhole ? { list: packets, isFaulty } : undefined;
}

const MAX_MARK_BYTES = 4096;

const NONE: ListedPacket = {
  time: Number.NaN,
  decodeTime: Number.NaN,
  isDamaged: false,
  isCutOff: false,
  picture: undefined,
};

type Listed = Omit<ListedPacket, 'picture'> & { readonly size: number };

async function listPackets(
  path: VideoPath,
  index: number,
  options: readonly string[] = [],
): Promise<readonly Listed[]> {
  const args = [
    ...inputOptions(path),
    ...options,
    '-select_streams',
    String(index),
    '-of',
    'csv=p=0',
  ];
  const entries = ['-show_entries', 'packet=pts,dts,size,flags', inputUrl(path)];
  const maxBytes = 2 * MAX_VIDEO_FRAMES * BYTES_PER_LINE;
  const { output } = await runProgram('ffprobe', [...args, ...entries], maxBytes);
  const lines = output.toString('utf8').split('\n');
  return lines.flatMap((line) => {
    const [pts = '', dts = '', size = '', flags = ''] = line.split(',');
    if (!/^\d+$/.test(size)) return [];
    return {
      time: timeOf(pts),
      decodeTime: timeOf(dts),
      size: Number(size),
      isDamaged: flags.includes('C'),
      isCutOff: flags.includes('D'),
    };
  });
}

/** The same packets, those marked that ffprobe leaves out when it is to leave out damaged ones. */
async function markDamage(
  path: VideoPath,
  index: number,
  all: readonly Listed[],
): Promise<readonly Listed[]> {
  const whole = await listPackets(path, index, ['-fflags', '+discardcorrupt']);
  let next = 0;
  return all.map((packet) => {
    const { time, decodeTime, size } = whole[next] ?? {};
    const isWhole =
      size === packet.size &&
      Object.is(time, packet.time) &&
      Object.is(decodeTime, packet.decodeTime);
    if (isWhole) next++;
    return { ...packet, isDamaged: !isWhole };
  });
}

function timeOf(text: string): number {
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}
