/**
 * MAC at the size of the demo: alignment of masked clips against alignment of whole ones, each with and
 * without masked words, in equal wall time; text-to-video retrieval of 64 held-out clips.
 *
 *   npx tsx bench/mac-table.ts [--folder runs/mac-table] [--seeds 0,1,2] [--seconds 60] [--clips 2000]
 *     [--ratio 0.6] [--words 0.15] [--batch 32] [--threads 2]
 *
 * How many steps fit the time is measured first, for each row by itself, and kept in steps.json: a run is
 * then a function of its steps, with the whole schedule in them. All rows are judged alike, by whole
 * clips and captions. What is done stays in the folder: a second call goes on where the first was stopped.
 * Prints the table with mean and deviation over the seeds, and writes it to table.json.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList } from '../data/index.js';
import { evaluate, retrieval } from '../evaluation/index.js';
import { replaceFile } from '../formats/whole-file.js';
import { loadModel, parseConfig, type RunSettings, resolveSettings } from '../run/index.js';
import { LacunaError } from '../spec/index.js';
import { spread, trainRun } from './demo-table.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'runs/mac-table' },
    seeds: { type: 'string', default: '0,1,2' },
    seconds: { type: 'string', default: '60' },
    clips: { type: 'string', default: '2000' },
    ratio: { type: 'string', default: '0.6' },
    words: { type: 'string', default: '0.15' },
    batch: { type: 'string', default: '32' },
    threads: { type: 'string', default: '2' },
  },
});
const FOLDER = values.folder;
const SEEDS = values.seeds.split(',').map(Number);
/** Steps by which a row's time is measured; the first few come with memory that was never touched. */
const [MEASURED, WARM] = [24, 4];

/** A row of the table: its masks. */
interface Row {
  readonly name: string;
  readonly ratio: number;
  readonly words: number;
}
const ROWS: readonly Row[] = [
  { name: 'whole clips, whole captions', ratio: 0, words: 0 },
  { name: 'whole clips, masked words', ratio: 0, words: Number(values.words) },
  { name: 'masked clips, whole captions', ratio: Number(values.ratio), words: 0 },
  { name: 'masked clips, masked words', ratio: Number(values.ratio), words: Number(values.words) },
];

const open = (): Promise<Backend> => ONNX.open({ threads: Number(values.threads) });

function settingsOf(
  data: DemoData,
  output: string,
  { ratio, words }: Row,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): RunSettings {
  return resolveSettings(
    parseConfig({
      preset: 'demo',
      objective: 'contrastive',
      clip: { frames: 8 },
      encoder: { depth: 4 },
      text: { depth: 2 },
      data: { list: data.trainList, root: data.folder, workers: 1 },
      output,
      seed,
      batch: Number(values.batch),
      mask: { kind: 'random-per-slot', ratio },
      textMask: { ratio: words },
      schedule: { steps },
      backend: { threads: Number(values.threads) },
      checkpoints: { everySteps: 1_000_000, keep: 1 },
    }),
  );
}

/** Median seconds of a step of a row, by a short run that is thrown away. */
async function stepSeconds(data: DemoData, row: Row): Promise<number> {
  const output = join(FOLDER, 'measure');
  await rm(output, { recursive: true, force: true });
  const ends: number[] = [];
  await trainRun(settingsOf(data, output, row, { seed: 0, steps: MEASURED }), open, (event) => {
    if (event.kind === 'step') ends.push(performance.now());
  });
  await rm(output, { recursive: true });
  const took = ends.slice(WARM + 1).map((end, i) => end - (ends[WARM + i] ?? end));
  return (took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? Number.NaN) / 1000;
}

async function stepsOf(data: DemoData): Promise<readonly number[]> {
  const file = join(FOLDER, 'steps.json');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as number[];
  const steps: number[] = [];
  for (const row of ROWS) {
    const seconds = await stepSeconds(data, row);
    steps.push(Math.max(1, Math.round(Number(values.seconds) / seconds)));
    console.log(`${row.name}: ${(1000 * seconds).toFixed(0)} ms a step, ${steps.at(-1)} steps`);
  }
  await replaceFile(file, `${JSON.stringify(steps)}\n`);
  return steps;
}

/** Recall at 1 of text to video, and the median rank. */
interface Scores {
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly medianRank: number;
}

async function scoresOf(
  data: DemoData,
  row: Row,
  index: number,
  run: { readonly seed: number; readonly steps: number },
): Promise<Scores> {
  const output = join(FOLDER, `row-${index}-seed-${run.seed}`);
  const file = `${output}.json`;
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Scores;
  const begin = performance.now();
  await trainRun(settingsOf(data, output, row, run), open);
  const trained = (performance.now() - begin) / 1000;
  const model = await loadModel(output, open, console.error);
  try {
    const { records } = await readClipList(data.testList, () => {});
    const { textToVideo } = await evaluate(retrieval, model, records, data.folder);
    const { recallAt1, recallAt5, medianRank } = textToVideo;
    const scores = { recallAt1, recallAt5, medianRank };
    await replaceFile(file, `${JSON.stringify(scores)}\n`);
    console.log(
      `${row.name}, seed ${run.seed}: R@1 ${(100 * recallAt1).toFixed(1)} % after ${run.steps} steps in ${trained.toFixed(0)} s`,
    );
    return scores;
  } finally {
    await model.backend.dispose();
  }
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const data = await makeDemoData(join(FOLDER, 'data'), { trainClips: Number(values.clips) });
  const steps = await stepsOf(data);
  const table: Scores[][] = [];
  for (const [index, row] of ROWS.entries()) {
    const scores: Scores[] = [];
    for (const seed of SEEDS)
      scores.push(await scoresOf(data, row, index, { seed, steps: steps[index] ?? 1 }));
    table.push(scores);
  }
  console.log(
    `\nText to video, 64 held-out clips, ${values.seconds} s of training each; mean and deviation over seeds ${values.seeds}`,
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(30) : cell.padStart(15))).join('');
  console.log(line(['', 'steps', 'R@1', 'R@5', 'median rank']));
  for (const [index, { name }] of ROWS.entries()) {
    const scores = table[index] ?? [];
    const recall = (key: 'recallAt1' | 'recallAt5'): string =>
      spread(
        scores.map((each) => each[key]),
        true,
      );
    const median = spread(
      scores.map(({ medianRank }) => medianRank),
      false,
    );
    console.log(line([name, `${steps[index]}`, recall('recallAt1'), recall('recallAt5'), median]));
  }
  for (const [index, words] of ['whole captions', 'masked words'].entries()) {
    const gains = SEEDS.map(
      (_, seed) =>
        (table[index + 2]?.[seed]?.recallAt1 ?? Number.NaN) -
        (table[index]?.[seed]?.recallAt1 ?? Number.NaN),
    );
    console.log(
      `Masking clips adds, with ${words}: ${spread(gains, true)} points of R@1, seed by seed`,
    );
  }
  const rows = ROWS.map((row, index) => ({ ...row, steps: steps[index], scores: table[index] }));
  await replaceFile(
    join(FOLDER, 'table.json'),
    `${JSON.stringify({ ...values, rows }, null, 2)}\n`,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LacunaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
