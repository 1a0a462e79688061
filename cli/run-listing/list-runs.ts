import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunSummary, summarizeRun } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';

/** What a folder has that holds a run. */
const MANIFEST = 'manifest.json';
/** What a folder has that is a run, a sweep (of which a row with a seed is a folder), or such a row. */
const RUNS_BELOW = [MANIFEST, 'table.json', 'scores.json'];
/** Folders that are looked into, at most. */
const MAX_FOLDERS = 10_000;

/** A folder that holds a run which cannot be read, and why. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

export interface RunListing {
  /** The newest last. */
  readonly runs: readonly RunSummary[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * The runs in folders: a folder that is a run itself, or the runs right in it, and those of its sweeps.
 *
 * @throws LacunaError for a folder that is not there, or holds too many.
 */
export async function listRuns(folders: readonly string[]): Promise<RunListing> {
  const runs: RunSummary[] = [];
  const unreadable: Unreadable[] = [];
  for (const folder of folders) {
    for (const path of await candidates(folder)) {
      try {
        runs.push(await summarizeRun(path));
      } catch (error) {
        if (!(error instanceof LacunaError)) throw error;
        unreadable.push({ path, reason: error.message });
      }
    }
  }
  const time = ({ manifest }: RunSummary): string => manifest.created;
  runs.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
  return { runs, unreadable };
}

/** The runs in a folder: itself, those right in it, and those of the sweeps right in it or that it is. */
async function candidates(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new LacunaError(
      {
        where: folder,
        what: 'the folder cannot be read',
        got: cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause),
        fix: 'Name a run, or a folder of runs; `lacuna pretrain` writes them to runs/.',
      },
      { cause },
    );
  });
  const budget = { left: MAX_FOLDERS };
  return runsIn(folder, entries, budget, () => {
    throw new LacunaError({
      where: folder,
      what: 'there are too many folders to look into',
      expected: `at most ${MAX_FOLDERS}`,
      fix: 'Name the runs themselves.',
    });
  });
}

async function runsIn(
  folder: string,
  entries: readonly Dirent[],
  budget: { left: number },
  tooMany: () => never,
): Promise<readonly string[]> {
  if (entries.some(({ name }) => name === MANIFEST)) return [folder];
  const found: string[] = [];
  const inside = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const name of inside.sort()) {
    if (budget.left-- === 0) tooMany();
    const path = join(folder, name);
    const own = await readdir(path, { withFileTypes: true }).catch((): Dirent[] => []);
    if (own.some((entry) => RUNS_BELOW.includes(entry.name))) {
      found.push(...(await runsIn(path, own, budget, tooMany)));
    }
  }
  return found;
}
