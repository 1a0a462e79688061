import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { videoBackend } from '../video/video-backend.js';
import { clipWriters } from './clip-writer.js';
import { pictureWriters } from './picture-writer.js';
import { type ShardScan, scanShard, tarIndex } from './scan-shard.js';
import { shardName } from './shard-recipe.js';
import type { ShardTools } from './stored-clip.js';
import { type ShardProblem, type ShardWork, writeShard } from './write-shard.js';

/** What a thread that writes shards is told when it starts. */
export interface ShardSetup extends ShardWork {
  readonly folder: string;
}

/** A shard to write; or the word to end after the current clip. */
export type ToShardWorker =
  | {
      readonly kind: 'shard';
      readonly number: number;
      readonly first: number;
      readonly records: readonly ClipRecord[];
    }
  | { readonly kind: 'stop' };

/** What it answers: of each clip, and then of each shard. */
export type FromShardWorker =
  | { readonly kind: 'clip'; readonly problem: ShardProblem | undefined }
  | { readonly kind: 'shard'; readonly scan: ShardScan }
  | { readonly kind: 'failed'; readonly facts: LacunaError['facts'] };

const stop = new AbortController();

function answer(message: FromShardWorker): void {
  parentPort?.postMessage(message);
}

/** The entry of a thread that writes one shard after the other. */
async function main(): Promise<void> {
  const setup = workerData as ShardSetup;
  const scratch = await mkdtemp(join(tmpdir(), 'lacuna-shard-'));
  let tools: Promise<ShardTools> | undefined;
  let last: Promise<void> = Promise.resolve();
  parentPort?.on('message', (message: ToShardWorker) => {
    if (message.kind === 'stop') {
      stop.abort();
      last = last
        .then(() => rm(scratch, { recursive: true, force: true }))
        .then(() => process.exit(0));
      return;
    }
    tools ??= openTools(scratch);
    const opened = tools;
    last = last
      .then(async () => (stop.signal.aborted ? undefined : make(setup, message, await opened)))
      .catch((error: unknown) => {
        const facts = error instanceof LacunaError ? error.facts : { what: String(error) };
        if (!stop.signal.aborted) answer({ kind: 'failed', facts });
      });
  });
}

async function openTools(scratch: string): Promise<ShardTools> {
  const backend = await videoBackend('auto');
  const { name } = backend;
  const [openWriter, openPictures] = [await clipWriters(name), await pictureWriters(name)];
  return { backend, openWriter, openPictures, scratch };
}

/** A shard that is there is whole: it is read, not written. */
async function make(
  setup: ShardSetup,
  { number, first, records }: Extract<ToShardWorker, { kind: 'shard' }>,
  tools: ShardTools,
): Promise<void> {
  const shard = shardName(number);
  const path = join(setup.folder, shard);
  const isNew = (await lstat(path).catch(() => undefined)) === undefined;
  if (isNew) {
    const onDone = (problem: ShardProblem | undefined): void => answer({ kind: 'clip', problem });
    await writeShard(path, records, first, setup, tools, onDone, stop.signal);
  }
  const scan = await scanShard(setup.folder, shard);
  await replaceFile(`${path}.idx`, tarIndex(scan));
  answer({ kind: 'shard', scan });
}

await main();
