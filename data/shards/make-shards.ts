import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { codeOf, makeFolder, removeFile } from '../../formats/file-operations.js';
import { Lock } from '../../formats/lock.js';
import { PARTIAL } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { ClipList, ClipRecord } from '../annotations/clip-record.js';
import { writeClipList } from '../annotations/write-clip-list.js';
import { checkDataFolder } from '../loader/check-data-folder.js';
import { startWorker } from '../start-worker.js';
import type { DataRoot } from '../video/data-root.js';
import { writeEnergonFiles } from './energon.js';
import { type ShardScan, scanShard } from './scan-shard.js';
import {
  claimFolder,
  INDEX_FILE,
  LOCK_FILE,
  type ShardRecipe,
  shardCount,
  shardName,
} from './shard-recipe.js';
import type { FromShardWorker, ShardSetup, ToShardWorker } from './shard-worker.js';
import type { ShardProblem } from './write-shard.js';

export interface MakeShardsOptions {
  readonly recipe: Omit<ShardRecipe, 'list' | 'clips'>;
  /** Threads, each at a shard of its own. @defaultValue 1 */
  readonly workers?: number;
  /** Ends it after the clips that are being made: shards that are whole stay. */
  readonly signal?: AbortSignal;
  /** Told of each clip that is in a shard, or is not; `kept` of them are of shards that were there. */
  readonly onProgress?: (done: number, total: number, skipped: number, kept: number) => void;
  readonly onProblem?: (problem: ShardProblem) => void;
}

/** What was made. */
export interface MadeShards {
  readonly shards: number;
  /** Of them those that were there already. */
  readonly found: number;
  /** Samples in all shards. */
  readonly samples: number;
  /** Records of the list that are in no shard. */
  readonly skipped: number;
  /** Bytes of all clips. */
  readonly bytes: number;
  /** False where it was ended early: the index is written when all shards are there. */
  readonly finished: boolean;
}

/**
 * Makes WebDataset shards of a list: `shard-000000.tar`, ... with Energon's index beside each, the index
 * `index.jsonl`, a list that every command takes, and Energon's `.nv-meta`. A shard is whole or not there;
 * those that are there are kept, so that the same call goes on where another one ended.
 *
 * @throws LacunaError where none of the first videos is there, the folder holds other shards, another process writes there, or a thread ends.
 */
export async function makeShards(
  { records, digest }: Pick<ClipList, 'records' | 'digest'>,
  root: DataRoot,
  folder: string,
  { recipe: own, workers = 1, signal, onProgress, onProblem }: MakeShardsOptions,
): Promise<MadeShards> {
  await checkDataFolder(root, records);
  const recipe: ShardRecipe = { list: digest, clips: records.length, ...own };
  await makeFolder(folder);
  const lock = await Lock.take(join(folder, LOCK_FILE), {
    where: folder,
    doing: 'making these shards',
  });
  try {
    await claimFolder(folder, recipe);
    await removeLeftovers(folder);
    const count = shardCount(recipe);
    const scans: (ShardScan | undefined)[] = Array.from({ length: count });
    let [next, done, skipped, found, kept] = [0, 0, 0, 0, 0];
    const told = (): void => onProgress?.(done, records.length, skipped, kept);
    const run = async (worker: Worker): Promise<void> => {
      try {
        while (next < count && signal?.aborted !== true) {
          const number = next++;
          const first = number * recipe.clipsPerShard;
          const some = records.slice(first, first + recipe.clipsPerShard);
          let reported = 0;
          const scan = await shardOf(
            worker,
            { number, first, records: some },
            signal,
            (problem) => {
              reported++;
              done++;
              if (problem !== undefined) onProblem?.(problem);
              told();
            },
          );
          if (scan === undefined) return;
          scans[number] = scan;
          if (reported < some.length) found++;
          kept += some.length - reported;
          done += some.length - reported;
          skipped += some.length - scan.records.length;
          told();
        }
      } catch (error) {
        next = count; // the others end after their shards
        throw error;
      } finally {
        await stopped(worker);
      }
    };
    const setup: ShardSetup = { root, recipe, folder };
    const threads = Array.from({ length: Math.min(workers, count) }, () =>
      run(startWorker('data/shards/shard-worker', setup)),
    );
    for (const each of await Promise.allSettled(threads))
      if (each.status === 'rejected') throw each.reason;
    const whole = scans.filter((scan) => scan !== undefined);
    const finished = whole.length === count;
    if (finished) {
      await writeEnergonFiles(folder, whole);
      await writeIndex(folder, whole);
    }
    return { shards: whole.length, found, finished, ...sumOf(whole), skipped };
  } finally {
    await lock.release();
  }
}

/** What was found in a folder of tars. */
export interface IndexedShards extends Pick<MadeShards, 'shards' | 'samples' | 'bytes'> {
  /** Samples that have no video and no picture. */
  readonly withoutClip: number;
  readonly badCaptions: readonly string[];
}

/**
 * Makes the index of a folder of WebDataset tars, by whomever they were written.
 *
 * @throws LacunaError where it has no tars, or one that cannot be read.
 */
export async function indexShards(
  folder: string,
  onProgress?: (done: number, total: number) => void,
): Promise<IndexedShards> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    const got = codeOf(cause);
    throw new LacunaError({ where: folder, what: 'the folder cannot be read', got }, { cause });
  });
  const tars = entries.filter((name) => /^[^.].*\.tar$/.test(name)).sort();
  if (tars.length === 0) {
    throw new LacunaError({
      where: folder,
      what: 'the folder holds no shards',
      expected: 'files like shard-000000.tar',
    });
  }
  const scans: ShardScan[] = [];
  const lock = await Lock.take(join(folder, LOCK_FILE), {
    where: folder,
    doing: 'making this index',
  });
  try {
    for (const tar of tars) {
      scans.push(await scanShard(folder, tar));
      onProgress?.(scans.length, tars.length);
    }
    await writeIndex(folder, scans);
  } finally {
    await lock.release();
  }
  return {
    shards: scans.length,
    ...sumOf(scans),
    withoutClip: scans.reduce((sum, { withoutClip }) => sum + withoutClip, 0),
    badCaptions: scans.flatMap(({ badCaptions }) => badCaptions),
  };
}

function sumOf(scans: readonly ShardScan[]): Pick<MadeShards, 'samples' | 'bytes'> {
  const records = scans.flatMap((scan) => scan.records);
  return {
    samples: records.length,
    bytes: records.reduce((sum, { member }) => sum + (member?.bytes ?? 0), 0),
  };
}

async function writeIndex(folder: string, scans: readonly ShardScan[]): Promise<void> {
  const records = scans.flatMap((scan) => scan.records);
  await writeClipList(join(folder, INDEX_FILE), records);
}

/** What killed processes left half-written. */
async function removeLeftovers(folder: string): Promise<void> {
  const ours = new RegExp(`^shard-\\d{6}\\.tar(?:\\.idx)?${PARTIAL.replace('.', '\\.')}[\\w-]+$`);
  for (const name of await readdir(folder)) {
    if (ours.test(name)) await removeFile(join(folder, name));
  }
}

/** A shard as a thread makes it; undefined where it was told to stop before. */
function shardOf(
  worker: Worker,
  job: { readonly number: number; readonly first: number; readonly records: readonly ClipRecord[] },
  signal: AbortSignal | undefined,
  onClip: (problem: ShardProblem | undefined) => void,
): Promise<ShardScan | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const ended = (got: string): void =>
      settle(() =>
        reject(
          new LacunaError({
            where: shardName(job.number),
            what: 'a thread that writes shards ended',
            got,
          }),
        ),
      );
    const onMessage = (message: FromShardWorker): void => {
      if (message.kind === 'clip') onClip(message.problem);
      else if (message.kind === 'failed') settle(() => reject(new LacunaError(message.facts)));
      else settle(() => resolve(message.scan));
    };
    const onError = (error: Error): void => ended(String(error));
    const onExit = (code: number): void => {
      if (signal?.aborted === true) settle(() => resolve(undefined));
      else ended(`exit code ${code}`);
    };
    const onAbort = (): void => worker.postMessage({ kind: 'stop' } satisfies ToShardWorker);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort);
    worker.postMessage({ kind: 'shard', ...job } satisfies ToShardWorker);
  });
}

/** Ends a thread after what it does: the library must not be at work when it goes away. */
async function stopped(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.postMessage({ kind: 'stop' } satisfies ToShardWorker);
  await exited;
}
