import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileOperation, recordFileOperations } from '../../formats/file-operations.js';
import { DiskModel } from './disk-model.js';
import { type Draw, drawsOf } from './draws.js';
import { faultOf, writeRun } from './small-run.js';

/** Steps that a run does between two losses of power. */
const STEPS = 8;
/** States of the disk that are looked at after one such piece of a run; it goes on from the last. */
const STATES = 12;
/** Pieces of a run, each begun from what the last loss of power left. */
const PIECES = 4;

export interface PowerLoss {
  readonly states: number;
  /** A sentence for each state in which something was lost. */
  readonly faults: readonly string[];
}

/** Loses power at `states` moments of runs, in states of the disk that are drawn from `seed`. */
export async function losePower(states: number, seed: number): Promise<PowerLoss> {
  // In memory where there is such a folder: the disk is the model's.
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const base = mkdtempSync(join(memory, 'lacuna-power-'));
  const draw = drawsOf(seed);
  const faults: string[] = [];
  let count = 0;
  try {
    for (let run = 0; count < states; run++) {
      let root = join(base, `${run}`);
      mkdirSync(root);
      let saved = 0;
      for (let piece = 0; piece < PIECES && count < states; piece++) {
        const log = await recorded(root).catch((error: unknown) => String(error));
        if (typeof log === 'string') {
          faults.push(`seed ${seed}, run ${run}, piece ${piece}: it cannot go on: ${log}`);
          count++;
          break;
        }
        for (let state = 0; state < STATES && count < states; state++) {
          const { folder, step } = crashed(log, root, join(base, `${run}-${piece}-${state}`), draw);
          const fault = await faultOf(join(folder, 'run'), Math.max(saved, step));
          if (fault !== '') faults.push(`seed ${seed}, run ${run}, piece ${piece}: ${fault}`);
          count++;
          if (state < STATES - 1 && count < states) {
            rmSync(folder, { recursive: true });
            continue;
          }
          rmSync(root, { recursive: true });
          rmSync(log.before, { recursive: true });
          root = folder;
          saved = Math.max(saved, step);
        }
      }
      rmSync(root, { recursive: true });
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { states: count, faults };
}

interface Log {
  /** A copy of the folder before. */
  readonly before: string;
  readonly operations: readonly FileOperation[];
  /** How many operations had been done when the checkpoint of a step stood. */
  readonly saved: readonly { readonly step: number; readonly at: number }[];
}

async function recorded(root: string): Promise<Log> {
  const before = `${root}-before`;
  cpSync(root, before, { recursive: true });
  const operations: FileOperation[] = [];
  const saved: { step: number; at: number }[] = [];
  const stop = recordFileOperations((operation) => operations.push(operation));
  try {
    await writeRun(join(root, 'run'), STEPS, (step) => saved.push({ step, at: operations.length }));
  } finally {
    stop();
  }
  return { before, operations, saved };
}

/** What is left where power is lost at a moment that is drawn, and the last checkpoint that stood then. */
function crashed(
  { before, operations, saved }: Log,
  root: string,
  folder: string,
  draw: Draw,
): { folder: string; step: number } {
  const at = Math.floor(draw() * (operations.length + 1));
  const disk = DiskModel.of(before, root);
  for (const operation of operations.slice(0, at)) disk.apply(operation);
  disk.crash(folder, draw);
  endHolder(join(folder, 'run', 'lock'));
  return { folder, step: saved.filter((each) => each.at <= at).at(-1)?.step ?? 0 };
}

/** The process that held the lock is gone, as all are after a loss of power. */
function endHolder(lock: string): void {
  let text: string;
  try {
    text = readFileSync(lock, 'utf8');
  } catch {
    return;
  }
  writeFileSync(lock, text.replace(/"start":"\d+"/, '"start":"1"'));
}
