/**
 * Codec motion against block matching on each video of a folder that has both: the correlation over
 * the patches of its middle clip (16 frames of 224 x 224, stride 4), and what each costs.
 *
 *   npx tsx bench/motion.ts ../shared/data/main
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readWithMotion, videoBackend } from '../data/index.js';
import { evaluationClip } from '../data/sampling/clip-sampling.js';
import { median, pearson, spearman } from '../data/testing/correlation.js';

const SAMPLING = { frames: 16, size: 224, rule: { name: 'dense', stride: 4 } } as const;
const folder = process.argv[2] ?? '../shared/data/main';
const backend = await videoBackend('node-av');
const table: number[][] = [];
const print = (name: string, [rank = 0, linear = 0, ...times]: readonly number[]): void => {
  const milliseconds = times.map((time) => time.toFixed(0).padStart(8)).join('');
  console.log(
    `${name.padEnd(44)} ${rank.toFixed(3).padStart(8)} ${linear.toFixed(3).padStart(8)}${milliseconds}`,
  );
};

/** CPU milliseconds of `work`, and what it gives. */
async function timed<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000, result];
}

console.log(
  'video; Spearman, Pearson; CPU ms of decoding, of codec motion, of block matching on top',
);
for (const file of readdirSync(folder).sort()) {
  const reader = await backend.open(join(folder, file)).catch(() => undefined);
  if (reader === undefined) continue;
  const request = evaluationClip(reader.info, SAMPLING);
  const read = (source: 'codec' | 'block-matching') => () =>
    readWithMotion(reader, request, {
      ...{ map: 'motion', patch: 16, tubelet: 2, camera: 'keep' },
      source,
    } as const);
  try {
    await read('block-matching')();
    const [decoding] = await timed(() => reader.read(request));
    const [byCodec, codec] = await timed(read('codec'));
    const [byBlocks, blocks] = await timed(read('block-matching'));
    const [a, b] = [[...codec.motion.map], [...blocks.motion.map]];
    const row = [spearman(a, b), pearson(a, b), decoding, byCodec - decoding, byBlocks - decoding];
    table.push(row);
    print(file, row);
  } catch {
    console.log(`${file.padEnd(44)} no vectors (${reader.info.codec})`);
  } finally {
    reader[Symbol.dispose]();
  }
}
const columns = [0, 1, 2, 3, 4].map((column) => median(table.map((row) => row[column] ?? 0)));
print(`median of ${table.length}`, columns);
