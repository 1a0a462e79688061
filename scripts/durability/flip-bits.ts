import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import { requireTokenizer } from '../../run/held-to-manifest.js';
import { RunFolder, readManifest } from '../../run/run-folder.js';
import { LacunaError } from '../../spec/index.js';
import { onCopies } from './copies.js';
import { drawsOf, oneOf } from './draws.js';
import { faultOf, writeRun } from './small-run.js';

const STEPS = 8;

export interface Flips {
  readonly flips: number;
  /** Of them those in the newest checkpoint. */
  readonly newest: number;
  /** A sentence for each that nobody noticed, or after which another checkpoint was taken than the last whole one. */
  readonly faults: readonly string[];
}

/** Flips one bit, anywhere in the folder of a run, and goes on; `count` times, each from the whole folder. */
export async function flipBits(count: number, seed: number): Promise<Flips> {
  const draw = drawsOf(seed);
  const faults: string[] = [];
  let files: readonly string[] = [];
  let newest = 0;
  await onCopies(
    count,
    async (whole) => {
      await writeRun(whole, STEPS, () => {});
      files = filesOf(whole);
    },
    async (flipped) => {
      const file = oneOf(files, draw);
      const bit = flip(join(flipped, file), draw());
      const isNewest = file.includes(`step-${String(STEPS).padStart(8, '0')}`);
      if (isNewest) newest++;
      const fault = await noticed(flipped, file, isNewest);
      if (fault !== '') faults.push(`bit ${bit} of ${file}: ${fault}`);
      return undefined;
    },
  );
  return { flips: count, newest, faults };
}

/** What is wrong with how the flipped bit is met; '' if nothing. */
async function noticed(run: string, file: string, isNewest: boolean): Promise<string> {
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
  };
  try {
    await requireTokenizer(join(run, 'tokenizer.json'), await readManifest(run));
    const found = await lastGoodCheckpoint(join(run, 'checkpoints'), note);
    const step = isNewest ? STEPS - 2 : STEPS;
    if (found?.step !== step) return `step ${found?.step} is taken, not ${step}`;
    const isOlder = file.startsWith('checkpoints') && !isNewest;
    const folder = await RunFolder.resume(run, 'pretrain', note);
    await folder.release();
    if (!file.endsWith('.jsonl')) {
      const fault = await faultOf(run, step);
      if (fault !== '') return fault;
    }
    // An older checkpoint is looked at where the newest is damaged, and when it is to be kept.
    return notes.length > 0 || isOlder ? '' : 'nobody noticed';
  } catch (error) {
    if (error instanceof LacunaError)
      return error.message.includes(join(run, file)) ? '' : String(error);
    throw error;
  }
}

function flip(path: string, where: number): number {
  const bytes = readFileSync(path);
  const bit = Math.floor(where * bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  writeFileSync(path, bytes);
  return bit;
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
