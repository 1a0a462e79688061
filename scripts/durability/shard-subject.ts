import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  indexShards,
  listFile,
  makeShards,
  readClipList,
  videoBackend,
  videoBytes,
  videoDigest,
  videoInRoot,
} from '../../data/index.js';
import { paddedBytes, TAR_END, tarHeader } from '../../formats/tar.js';
import { LacunaError } from '../../spec/index.js';
import type { Subject } from './fuzz-subjects.js';

const STILLS = join(import.meta.dirname, '../../data/video/still/fixtures');
const FOREIGN = join(import.meta.dirname, '../../data/shards/fixtures');
const NAMES = ['plain.png', 'grey.jpg', 'alpha.webp', 'grey.png', 'palette.png'];
const LIST = {
  records: NAMES.map((video, i) => ({ id: video, video, captions: [`caption ${i}`], label: 'x' })),
  digest: 'ab'.repeat(32),
};
const RECIPE = { content: 'copy', clipsPerShard: 3, size: 64, quality: 20 } as const;

/**
 * A folder of shards, with two tars of others and one of frames that are pictures: each mutant is read by its index, gets an index anew, and,
 * where what says what it is made of has changed, is gone on with.
 */
export const SHARD: Subject = {
  make: async (folder) => {
    await makeShards(LIST, STILLS, folder, { recipe: RECIPE });
    for (const tar of ['gnu.tar', 'webdataset.tar']) cpSync(join(FOREIGN, tar), join(folder, tar));
    writeFileSync(join(folder, 'frames.tar'), framesTar());
    await indexShards(folder);
    whole = stateOf(folder);
  },
  use: async (folder) => {
    const isChanged = stateOf(folder) !== whole;
    const steps: readonly (() => Promise<unknown>)[] = [
      () => readAll(folder),
      () => indexShards(folder),
      () => readAll(folder),
      ...(isChanged ? [() => makeShards(LIST, STILLS, folder, { recipe: RECIPE })] : []),
    ];
    let refusal: unknown;
    for (const step of steps) {
      await step().catch((error: unknown) => {
        if (!(error instanceof LacunaError)) throw error;
        refusal ??= error;
      });
    }
    if (refusal !== undefined) throw refusal;
  },
};

let whole = '';
const backend = videoBackend('auto');

/** A clip of three frames, each a picture of its own. */
function framesTar(): Buffer {
  const picture = readFileSync(join(STILLS, 'grey.jpg'));
  const files = [
    ...[0, 1, 2].map((i) => [`clip.000${i}.jpg`, picture] as const),
    ['clip.json', Buffer.from('{"captions": ["moving"], "rate": 12.5}')] as const,
  ];
  const members = files.flatMap(([name, bytes]) => [
    tarHeader(name, bytes.length),
    bytes,
    new Uint8Array(paddedBytes(bytes.length) - bytes.length),
  ]);
  return Buffer.concat([...members, TAR_END]);
}

/** What says how the shards are made; a thread is started only where that has changed. */
function stateOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'shards.json'), 'utf8');
  } catch {
    return '';
  }
}

/** Every member of every tar that the index names, by its place. */
async function readAll(folder: string): Promise<void> {
  const { records } = await readClipList(listFile(folder), () => {});
  let refusal: unknown;
  for (const record of records) {
    try {
      const path = await videoInRoot(folder, record);
      await videoBytes(path);
      await videoDigest(path);
      if (record.member?.pictures === undefined) continue;
      using reader = await (await backend).open(path);
      const { width, height, frameCount } = reader.info;
      const crop = { x: 0, y: 0, width, height };
      const indices = [0, frameCount - 1];
      await reader.read({ indices, crop, size: { width: 4, height: 4 }, flip: false });
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
}
