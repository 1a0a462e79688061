/**
 * Clips a second from files and from shards of them, by node-av and by the program ffmpeg, beside decord,
 * PyAV, torchcodec, and webdataset with PyAV: 16 frames of 224 x 224, every fourth, from the middle of each video, with
 * one thread. Each video is opened for the first time: no index of it is kept.
 *
 *   LACUNA_PYTHON=PYTHON npx tsx bench/clips.ts LIST ROOT SHARDS [MORE SHARDS ...]
 *
 * SHARDS are what `lacuna shard LIST --root ROOT --output SHARDS` made, and the same with `--frames jpeg`; PYTHON
 * has decord, av, torchcodec and webdataset.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ClipReader, type ClipRecord, listFile, readClipList } from '../data/index.js';

const FRAMES = 16;
const SIZE = 224;
const SAMPLING = { frames: FRAMES, size: SIZE, rule: { name: 'dense', stride: 4 } } as const;

const [list = '', root = '', ...shards] = process.argv.slice(2);
process.env.LACUNA_CACHE = '';
const sources = [
  { what: 'files', root, records: await recordsOf(list) },
  ...(await Promise.all(
    shards.map(async (folder) => {
      return { what: basename(folder), root: folder, records: await recordsOf(listFile(folder)) };
    }),
  )),
];
for (const { what, ...source } of sources) {
  for (const backend of ['node-av', 'ffmpeg'] as const) {
    await using reader = await ClipReader.open({ ...source, sampling: SAMPLING, backend });
    const begin = performance.now();
    let clips = 0;
    for await (const outcome of reader.clips()) if ('clip' in outcome) clips++;
    tell(`${backend}, ${what}`, clips, (performance.now() - begin) / 1000);
  }
}
const files = (sources[0]?.records ?? []).map(({ video }) => join(root, video));
const tars = shards.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.tar'))
    .map((name) => join(folder, name)),
);
const { stdout } = spawnSync(
  process.env.LACUNA_PYTHON ?? 'python3',
  [join(import.meta.dirname, 'peers/clips.py'), String(FRAMES), String(SIZE), ...files, ...tars],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
);
const told = JSON.parse(stdout) as Readonly<Record<string, readonly [number, number]>>;
for (const [name, [clips, seconds]] of Object.entries(told)) tell(name, clips, seconds);

async function recordsOf(path: string): Promise<readonly ClipRecord[]> {
  return (await readClipList(path, () => {})).records;
}

function tell(name: string, clips: number, seconds: number): void {
  console.log(`${name}: ${clips} clips, ${(clips / seconds).toFixed(2)} a second`);
}
