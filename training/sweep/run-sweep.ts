import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../formats/file-operations.js';
import { Lock } from '../../formats/lock.js';
import { readOwnFile } from '../../formats/own-file.js';
import { sealJson, unsealJson } from '../../formats/sealed-json.js';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/index.js';
import { rowSettings } from './row-settings.js';
import { type Cell, type CellScores, runCell, type SweepTools } from './sweep-cell.js';
import { cellDigest, cellName, type Sweep, type SweepRow } from './sweep-file.js';
import { type SweptRow, sweepTable } from './sweep-table.js';

/** What happens in a sweep, for whoever shows it. */
export type SweepEvent =
  | { readonly kind: 'cell'; readonly cell: Cell; readonly done: number; readonly total: number }
  | {
      readonly kind: 'scores';
      readonly cell: Cell;
      readonly scores: CellScores;
      /** Whether they were there already. */
      readonly known: boolean;
    };

export interface SweepOptions extends SweepTools {
  readonly onCell?: (event: SweepEvent) => void;
}

export interface SweepResult {
  /** False where the signal ended it: the same command goes on. */
  readonly finished: boolean;
  readonly rows: readonly SweptRow[];
  /** In Markdown; also in `table.md`. */
  readonly table: string;
}

const SCORES = 'scores.json';
const MAX_BYTES = 2 ** 16;
const share = z.number().min(0).max(1).exactOptional();
const STORED = z.strictObject({
  settings: z.string().max(100),
  scores: z.strictObject({ finetune: share, probe: share }),
});

/**
 * Runs a sweep in a folder, seed by seed and row by row, so that a table of all rows is there as early as can be. After each cell
 * `table.md` and `table.json` are written, each whole. A folder that holds a part of it goes on: cells that are done are left.
 *
 * @throws LacunaError where a row has settings that no run can have, a cell of the folder is of other settings, another process holds the folder, or a run cannot be trained.
 */
export async function runSweep(
  sweep: Sweep,
  folder: string,
  options: SweepOptions,
): Promise<SweepResult> {
  // A key that no run has is told of now, and not after the rows before it.
  await checkSweep(sweep, folder);
  await makeFolder(folder);
  const lock = await Lock.take(join(folder, 'lock'), {
    where: folder,
    doing: 'writing this sweep',
  });
  try {
    return await swept(sweep, folder, options);
  } finally {
    await lock.release();
  }
}

/**
 * Holds the rows that the folder has not done yet to what runs can have: what those that are done began with may be gone.
 *
 * @throws LacunaError where a row has settings that no run can have, or a cell of the folder is of other settings.
 */
export async function checkSweep(sweep: Sweep, folder: string): Promise<void> {
  const open = new Set<SweepRow>();
  for (const cell of cellsOf(sweep, folder))
    if ((await storedScores(sweep, cell)) === undefined) open.add(cell.row);
  await rowSettings(sweep, folder, [...open]);
}

function cellsOf(sweep: Sweep, folder: string): readonly Cell[] {
  return sweep.seeds.flatMap((seed) =>
    sweep.rows.map((row): Cell => {
      return { row, seed, folder: join(folder, `${cellName(row.name)}-${seed}`) };
    }),
  );
}

async function swept(sweep: Sweep, folder: string, options: SweepOptions): Promise<SweepResult> {
  const cells = cellsOf(sweep, folder);
  const known = new Map<Cell, CellScores>();
  // All of them before anything is trained: a folder of another sweep is refused at once.
  for (const cell of cells) {
    const scores = await storedScores(sweep, cell);
    if (scores === undefined) continue;
    known.set(cell, scores);
    options.onCell?.({ kind: 'scores', cell, scores, known: true });
  }
  for (const cell of cells) {
    if (known.has(cell)) continue;
    options.onCell?.({ kind: 'cell', cell, done: known.size, total: cells.length });
    await beginCell(sweep, cell);
    const scores = await runCell(sweep, cell, options);
    if (scores === undefined) return { ...tableOf(sweep, known), finished: false };
    await store(sweep, cell, scores);
    known.set(cell, scores);
    options.onCell?.({ kind: 'scores', cell, scores, known: false });
    await write(sweep, folder, known);
  }
  return { ...(await write(sweep, folder, known)), finished: true };
}

/** What stands in a cell's folder before its runs: whose it is. Scores are added at the end. */
async function beginCell(sweep: Sweep, cell: Cell): Promise<void> {
  await makeFolder(cell.folder);
  await store(sweep, cell, {});
}

async function store(sweep: Sweep, { row, folder }: Cell, scores: CellScores): Promise<void> {
  const text = sealJson({ settings: cellDigest(sweep, row), scores });
  await replaceFile(join(folder, SCORES), text);
}

/** The scores of a cell that is done. @throws LacunaError for a cell of other settings. */
async function storedScores(sweep: Sweep, { row, folder }: Cell): Promise<CellScores | undefined> {
  const path = join(folder, SCORES);
  const bytes = await readOwnFile(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  const fix = `Name another folder with --output, or remove ${folder}.`;
  let stored: z.infer<typeof STORED>;
  try {
    stored = STORED.parse(unsealJson(bytes.toString('utf8')));
  } catch (cause) {
    throw new LacunaError(
      { where: path, what: 'the scores of this cell are damaged', fix },
      { cause },
    );
  }
  if (stored.settings !== cellDigest(sweep, row)) {
    throw new LacunaError({
      where: folder,
      what: 'this folder holds a run of other settings than the sweep has now',
      fix,
    });
  }
  const { finetune, probe } = stored.scores;
  const isWhole =
    (sweep.finetune === undefined || finetune !== undefined) &&
    (sweep.probe === undefined || probe !== undefined);
  return isWhole ? stored.scores : undefined;
}

function tableOf(
  sweep: Sweep,
  known: ReadonlyMap<Cell, CellScores>,
): Pick<SweepResult, 'rows' | 'table'> {
  const rows = sweep.rows.map((row): SweptRow => {
    const cells = [...known].flatMap(([cell, scores]) =>
      cell.row === row ? [{ seed: cell.seed, scores }] : [],
    );
    return { name: row.name, cells, ...(row.paper === undefined ? {} : { paper: row.paper }) };
  });
  return { rows, table: sweepTable(sweep, rows) };
}

async function write(
  sweep: Sweep,
  folder: string,
  known: ReadonlyMap<Cell, CellScores>,
): Promise<Pick<SweepResult, 'rows' | 'table'>> {
  const result = tableOf(sweep, known);
  await replaceFile(join(folder, 'table.md'), result.table);
  const json = { title: sweep.title, seeds: sweep.seeds, paper: sweep.paper, rows: result.rows };
  await replaceFile(join(folder, 'table.json'), `${JSON.stringify(json, null, 2)}\n`);
  return result;
}
