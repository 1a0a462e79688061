import { pictureReader } from '../bitstream/picture-reader.js';
import { MAX_VIDEO_FRAMES } from '../limits.js';
import type { PacketFacts } from '../timeline.js';
import type { ProbedStream } from './probe.js';
import { INPUT_OPTIONS } from './programs.js';
import { runProgram, watchProgram } from './run-program.js';

const BYTES_PER_LINE = 64;

/**
 * The packets of a stream, with what their bytes say: ffprobe lists them, and ffmpeg copies out what is
 * in them. Undefined where both do not agree, or no headers of this codec are read.
 */
export async function readPackets(
  path: string,
  { index, codec, extradata }: ProbedStream,
): Promise<readonly PacketFacts[] | undefined> {
  const reader = pictureReader(codec, extradata);
  if (reader === undefined) return undefined;
  const listed = await listPackets(path, index);
  const packets: PacketFacts[] = [];
  const parts: Buffer[] = [];
  let gathered = 0;
  const take = (): boolean => {
    const { size = 0, ...facts } = listed[packets.length] ?? {};
    if (packets.length >= listed.length || gathered < size) return false;
    const bytes = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    parts.splice(0, parts.length, bytes.subarray(size));
    gathered -= size;
    packets.push({ ...NONE, ...facts, picture: reader.read(bytes.subarray(0, size)) });
    return true;
  };
  const args = [...INPUT_OPTIONS, '-nostdin', '-i', `file:${path}`, '-map', `0:${index}`];
  await watchProgram('ffmpeg', [...args, '-c', 'copy', '-copyinkf', '-f', 'data', 'pipe:1'], {
    onOutput: (chunk) => {
      parts.push(chunk);
      gathered += chunk.length;
      while (take());
      return packets.length < listed.length || gathered === 0;
    },
  });
  while (take());
  return packets.length === listed.length && gathered === 0 ? packets : undefined;
}

const NONE: PacketFacts = {
  time: Number.NaN,
  isDamaged: false,
  isCutOff: false,
  picture: undefined,
};

type ListedPacket = Omit<PacketFacts, 'picture'> & { readonly size: number };

async function listPackets(path: string, index: number): Promise<readonly ListedPacket[]> {
  const args = [...INPUT_OPTIONS, '-select_streams', String(index), '-of', 'csv=p=0'];
  const entries = ['-show_entries', 'packet=pts,size,flags', `file:${path}`];
  const maxBytes = 2 * MAX_VIDEO_FRAMES * BYTES_PER_LINE;
  const { output } = await runProgram('ffprobe', [...args, ...entries], maxBytes);
  const lines = output.toString('utf8').split('\n');
  return lines.flatMap((line) => {
    const [pts = '', size = '', flags = ''] = line.split(',');
    if (!/^\d+$/.test(size)) return [];
    const time = /^-?\d+$/.test(pts) ? Number(pts) : Number.NaN;
    return {
      time,
      size: Number(size),
      isDamaged: flags.includes('C'),
      isCutOff: flags.includes('D'),
    };
  });
}
