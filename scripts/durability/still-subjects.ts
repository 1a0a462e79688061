import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileInRoot, type VideoBackend, videoBackend } from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Subject } from './fuzz-subjects.js';

const FIXTURES = join(import.meta.dirname, '../../data/video/still/fixtures');
/** One frame, as GIF's writers make it: a palette of two colours, two pixels. */
const GIF = Buffer.from(
  '47494638396102000100800000ff000000ff0021f90400000000002c00000000020001000002020c0a003b',
  'hex',
);

/** Still pictures of one format, and what the loader does with them. */
export const STILLS: Readonly<Record<string, Subject>> = {
  png: stills((name) => name.endsWith('.png')),
  jpeg: stills((name) => name.endsWith('.jpg')),
  webp: stills((name) => name.endsWith('.webp')),
  gif: {
    make: async (folder) => {
      mkdirSync(folder);
      writeFileSync(join(folder, 'plain.gif'), GIF);
    },
    use: (folder) => readChanged(folder, new Map([['plain.gif', GIF]])),
  },
};

function stills(isOne: (name: string) => boolean): Subject {
  const names = readdirSync(FIXTURES).filter(isOne);
  const whole = new Map(names.map((name) => [name, readFileSync(join(FIXTURES, name))]));
  return {
    make: async (folder) => {
      mkdirSync(folder);
      for (const [name, bytes] of whole) writeFileSync(join(folder, name), bytes);
    },
    use: (folder) => readChanged(folder, whole),
  };
}

/** Opened once: what it keeps of files is of no use here. */
let backend: Promise<VideoBackend> | undefined;

/**
 * Reads the pictures of a folder that are not `whole` any more. A PNG is read once more with its
 * checksums set right, so that what is behind them is reached, too.
 *
 * @throws The last refusal.
 */
async function readChanged(folder: string, whole: ReadonlyMap<string, Buffer>): Promise<void> {
  process.env.LACUNA_CACHE = '';
  backend ??= videoBackend('auto');
  const reader = await backend;
  let refused: LacunaError | undefined;
  for (const name of readdirSync(folder)) {
    for (const repairs of name.endsWith('.png') ? [false, true] : [false]) {
      try {
        const path = await fileInRoot(folder, name);
        if (whole.get(name)?.equals(readFileSync(path)) === true) continue;
        if (repairs) writeFileSync(path, withChecksums(readFileSync(path)));
        await readOne(reader, path);
      } catch (error) {
        if (!(error instanceof LacunaError)) throw error;
        refused = error;
      }
    }
  }
  if (refused !== undefined) throw refused;
}

async function readOne(reader: VideoBackend, path: string): Promise<void> {
  using video = await reader.open(path);
  const { width, height } = video.info;
  const crop = { x: 0, y: 0, width, height };
  const request = { indices: [0, 0], crop, size: { width: 16, height: 16 }, flip: false };
  const [once, again] = [await video.read(request), await video.read(request)];
  // What depends on what lay in memory before differs from read to read.
  if (Buffer.compare(once.data, again.data) !== 0) throw new Error('two reads differ');
}

function withChecksums(bytes: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let at = 8; at + 12 <= result.length; ) {
    const end = at + 12 + result.readUInt32BE(at);
    if (end > result.length) break;
    result.writeUInt32BE(crc32(result.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return result;
}
