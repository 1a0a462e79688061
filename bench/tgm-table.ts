/**
 * Table 2 of the TGM paper at the size of the demo: {MAE, MAE + VT} x {tube, MGM, TGM} with equal
 * budgets, against an encoder that was never trained.
 *
 *   npx tsx bench/tgm-table.ts [--folder runs/tgm-table] [--seeds 0,1,2] [--steps 300]
 *     [--rows tube,mgm,tgm] [--clips 2048] [--teacher-steps 300] [--threads 2]
 *
 * The captions name the main object alone ("a red circle"): with the demo data's own, which name the
 * background too, maps land there. One teacher (preset demo-aligner: single frames) is trained first; it makes the
 * maps of TGM's masks and the frozen text embeddings of VT. Each mask has the ratio that the paper
 * found best: tube 0.9, MGM 0.75, TGM 0.6. For each run the encoder is frozen and a linear probe
 * (batch norm + linear) reads motion, colour and shape off its features; three quarters of the clips
 * are trained on, by the run and by the probe, the rest is judged. The reconstruction error is that
 * of the 64 held-out contents under the same tube masks (0.75) for all runs.
 *
 * What is done stays in the folder: a second call goes on where the first was stopped. Prints the
 * table with mean and standard deviation over seeds, and writes it to table.json.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type ClipRecord, makeDemoData, readClipList, SimilarityStore } from '../data/index.js';
import { evaluate, extractFeatures, reconstruction } from '../evaluation/index.js';
import { replaceFile } from '../formats/whole-file.js';
import {
  loadModel,
  parseConfig,
  type RunSettings,
  resolveSettings,
  type TrainedModel,
  untrained,
} from '../run/index.js';
import { LacunaError } from '../spec/index.js';
import { makeSimilarityMaps, openAlignerWith, similarityRecipe } from '../teacher/index.js';
import { linearProbe } from '../training/index.js';
import { spread, trainRun } from './demo-table.js';
import { jsonLines, withObjectCaptions } from './object-captions.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'runs/tgm-table' },
    seeds: { type: 'string', default: '0,1,2' },
    steps: { type: 'string', default: '300' },
    rows: { type: 'string', default: 'tube,mgm,tgm' },
    clips: { type: 'string', default: '2048' },
    'teacher-steps': { type: 'string', default: '300' },
    threads: { type: 'string', default: '2' },
  },
});
const FOLDER = values.folder;
const ATTRIBUTES = ['motion', 'colour', 'shape'] as const;
/** Of four clips, this many are trained on; the last is judged. */
const TRAINED_OF_FOUR = 3;
const MASKS = {
  tube: { kind: 'tube', ratio: 0.9 },
  mgm: { kind: 'motion-guided', ratio: 0.75 },
  tgm: { kind: 'text-guided', ratio: 0.6 },
} as const;
const OBJECTIVES = { mae: 'MAE', 'mae+contrastive': 'MAE + VT' } as const;
/** Linear probe on SSv2 after 200 epochs, per cent: table 2 of the paper. */
const PAPER: Readonly<Record<keyof typeof MASKS, readonly [mae: number, joint: number]>> = {
  tube: [20.8, 33.3],
  mgm: [33.0, 37.1],
  tgm: [26.2, 33.4],
};
const JUDGED_BY = { kind: 'tube', ratio: 0.75, rounding: 'floor-masked', ties: 'first' } as const;

/** Shares in [0, 1], and the mean squared error of normalised cubes; null for no decoder worth it. */
type Scores = Readonly<Record<(typeof ATTRIBUTES)[number], number>> & {
  readonly error: number | null;
};

interface Data {
  readonly root: string;
  readonly trainList: string;
  readonly testList: string;
  readonly train: readonly ClipRecord[];
  readonly test: readonly ClipRecord[];
  readonly heldOut: readonly ClipRecord[];
  readonly contents: ReadonlyMap<string, Readonly<Record<(typeof ATTRIBUTES)[number], string>>>;
}

const open = (): Promise<Backend> => ONNX.open({ threads: Number(values.threads) });

async function lines(path: string): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).trim().split('\n');
}

async function makeData(): Promise<Data> {
  const demo = await makeDemoData(join(FOLDER, 'data'), { trainClips: Number(values.clips) });
  const all = await lines(await withObjectCaptions(demo, demo.trainList));
  const cut = Math.floor((all.length * TRAINED_OF_FOUR) / 4);
  const trainList = join(FOLDER, 'train.jsonl');
  const testList = join(FOLDER, 'probe-test.jsonl');
  await replaceFile(trainList, `${all.slice(0, cut).join('\n')}\n`);
  await replaceFile(testList, `${all.slice(cut).join('\n')}\n`);
  type Content = Readonly<Record<'video' | (typeof ATTRIBUTES)[number], string>>;
  const contents = (await jsonLines<Content>(demo.contentList)).map(
    (content) => [content.video, content] as const,
  );
  return {
    root: demo.folder,
    trainList,
    testList,
    train: (await readClipList(trainList, () => {})).records,
    test: (await readClipList(testList, () => {})).records,
    heldOut: (await readClipList(demo.testList, () => {})).records,
    contents: new Map(contents),
  };
}

function settingsOf(data: Data, output: string, config: object): RunSettings {
  const { trainList: list, root } = data;
  const backend = { threads: Number(values.threads) };
  const checkpoints = { everySteps: 50, keep: 1 };
  return resolveSettings(
    parseConfig({ data: { list, root, workers: 1 }, output, backend, checkpoints, ...config }),
  );
}

const teacherFolder = join(FOLDER, 'teacher');
const mapFolder = join(FOLDER, 'maps');

async function makeTeacher(data: Data): Promise<void> {
  const settings = settingsOf(data, teacherFolder, {
    preset: 'demo-aligner',
    schedule: { steps: Number(values['teacher-steps']) },
    text: { length: 64 },
  });
  await trainRun(settings, open);
}

async function makeMaps(data: Data): Promise<void> {
  const aligner = await openAlignerWith(teacherFolder, open);
  try {
    const recipe = similarityRecipe(aligner, { form: 'dense', stride: 4 });
    const store = await SimilarityStore.create(mapFolder, recipe);
    await makeSimilarityMaps({ records: data.train, root: data.root, aligner, store });
  } finally {
    await aligner.dispose();
  }
}

function rowSettings(
  data: Data,
  name: string,
  mask: keyof typeof MASKS,
  objective: keyof typeof OBJECTIVES,
  seed: number,
): RunSettings {
  return settingsOf(data, join(FOLDER, name), {
    preset: 'demo',
    objective,
    seed,
    clip: { frames: 8 },
    encoder: { width: 96, depth: 3, heads: 3 },
    decoder: { width: 48, depth: 1, heads: 2 },
    mask: MASKS[mask],
    schedule: { steps: Number(values.steps) },
    contrastive: { teacher: teacherFolder, videoProjection: { kind: 'mlp-bn' } },
    ...(mask === 'tgm'
      ? { data: { list: data.trainList, root: data.root, workers: 1, similarity: mapFolder } }
      : {}),
  });
}

async function judge(model: TrainedModel, data: Data, reconstructs: boolean): Promise<Scores> {
  const train = await extractFeatures(model, data.train, data.root);
  const test = await extractFeatures(model, data.test, data.root);
  const scores: Record<string, number> = {};
  for (const attribute of ATTRIBUTES) {
    const labelled = (features: typeof train) => ({
      width: features.width,
      values: features.values,
      labels: features.records.map(({ video }) => data.contents.get(video)?.[attribute] ?? ''),
    });
    const probed = await linearProbe(model.backend, labelled(train), labelled(test));
    scores[attribute] = probed.top1;
  }
  const error = reconstructs ? await reconstructionError(model, data) : null;
  return { ...(scores as Omit<Scores, 'error'>), error };
}

/** The mean squared error over all masked cubes of the held-out clips, under one set of tube masks. */
async function reconstructionError(model: TrainedModel, data: Data): Promise<number> {
  const settings = { ...model.settings, seed: 0, mask: JUDGED_BY };
  const judged = { ...model, settings };
  const clips = await evaluate(reconstruction, judged, data.heldOut, data.root);
  return reconstruction.scores(clips).squared_error ?? Number.NaN;
}

/** The scores of a run, from its folder where they were made before. */
async function scoresOf(
  name: string,
  data: Data,
  settings: RunSettings,
  trained: boolean,
): Promise<Scores> {
  const file = join(FOLDER, `${name}.json`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Scores;
  const began = performance.now();
  let scores: Scores;
  if (trained) {
    await trainRun(settings, open);
    const model = await loadModel(settings.output, open, console.error);
    try {
      scores = await judge(model, data, true);
    } finally {
      await model.backend.dispose();
    }
  } else {
    const backend = await open();
    try {
      scores = await judge(
        untrained({ settings, backend, state: {}, tokenizer: undefined }),
        data,
        false,
      );
    } finally {
      await backend.dispose();
    }
  }
  await replaceFile(file, `${JSON.stringify(scores)}\n`);
  console.log(`${name}: ${shown(scores)} in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return scores;
}

function shown(scores: Scores): string {
  return [...ATTRIBUTES, 'error' as const]
    .map((key) => `${key} ${scores[key]?.toFixed(3)}`)
    .join(', ');
}

interface Row {
  readonly name: string;
  readonly scores: readonly Scores[];
  /** What the paper's row has, per cent. */
  readonly paper?: number;
  /** Why it could not be run. */
  readonly reason?: string;
}

function print(rows: readonly Row[], data: Data): void {
  const head = ['', ...ATTRIBUTES.map((name) => `LP ${name}`), 'error', 'paper: LP SSv2'];
  const body = rows.map(({ name, scores, paper, reason }) =>
    reason === undefined
      ? [
          name,
          ...ATTRIBUTES.map((key) =>
            spread(
              scores.map((each) => each[key]),
              true,
            ),
          ),
          spread(
            scores.map(({ error }) => error),
            false,
          ),
          paper?.toFixed(1) ?? '-',
        ]
      : [name, `not run: ${reason}`],
  );
  console.log(
    `\nLinear probe on ${data.test.length} clips, per cent, and reconstruction error; mean and deviation over seeds ${values.seeds}, ${values.steps} steps`,
  );
  const chance = ATTRIBUTES.map((key) => {
    const classes = new Set(data.train.map(({ video }) => data.contents.get(video)?.[key]));
    return (100 / classes.size).toFixed(1);
  });
  for (const line of [head, ['chance', ...chance], ...body]) {
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(15))).join(''));
  }
  console.log('\nWhat VT adds to MAE in linear probe accuracy, points, beside the paper (SSv2)');
  for (const mask of Object.keys(PAPER) as (keyof typeof MASKS)[]) {
    const [mae, joint] = (['MAE', 'MAE + VT'] as const).map((loss) =>
      rows.find(({ name }) => name === `${mask} ${loss}`),
    );
    if (mae === undefined || joint === undefined || mae.scores.length * joint.scores.length === 0)
      continue;
    const deltas = ATTRIBUTES.map((key) => {
      const gain = joint.scores.map((each, i) => each[key] - (mae.scores[i]?.[key] ?? Number.NaN));
      return `${key} ${spread(gain, true)}`;
    });
    const [before, after] = PAPER[mask];
    console.log(`  ${mask}: ${deltas.join(', ')}; paper ${(after - before).toFixed(1)}`);
  }
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const seeds = values.seeds.split(',').map(Number);
  const data = await makeData();
  const masks = values.rows.split(',').filter((name) => name in MASKS) as (keyof typeof MASKS)[];
  await makeTeacher(data);
  if (masks.includes('tgm')) await makeMaps(data);
  const rows: Row[] = [];
  const plain = (seed: number): RunSettings => rowSettings(data, 'untrained', 'tube', 'mae', seed);
  const floor: Scores[] = [];
  for (const seed of seeds)
    floor.push(await scoresOf(`untrained-${seed}`, data, plain(seed), false));
  rows.push({ name: 'untrained', scores: floor });
  for (const mask of masks) {
    for (const [index, objective] of (['mae', 'mae+contrastive'] as const).entries()) {
      const title = `${mask} ${OBJECTIVES[objective]}`;
      const scores: Scores[] = [];
      try {
        for (const seed of seeds) {
          const name = `${mask}-${objective}-${seed}`;
          const settings = rowSettings(data, name, mask, objective, seed);
          scores.push(await scoresOf(name, data, settings, true));
        }
        rows.push({ name: title, scores, paper: PAPER[mask][index] ?? Number.NaN });
      } catch (error) {
        if (!(error instanceof LacunaError)) throw error;
        rows.push({ name: title, scores, reason: error.message });
      }
    }
  }
  print(rows, data);
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
