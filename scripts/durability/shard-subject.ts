import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  indexShards,
  listFile,
  makeShards,
  readClipList,
  videoBytes,
  videoDigest,
  videoInRoot,
} from '../../data/index.js';
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
 * A folder of shards, with two tars of others: each mutant is read by its index, gets an index anew, and,
 * where what says what it is made of has changed, is gone on with.
 */
export const SHARD: Subject = {
  make: async (folder) => {
    await makeShards(LIST, STILLS, folder, { recipe: RECIPE });
    for (const tar of ['gnu.tar', 'webdataset.tar']) cpSync(join(FOREIGN, tar), join(folder, tar));
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
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
}
