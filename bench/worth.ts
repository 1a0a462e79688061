/**
 * What pretraining is worth, at the size of the demo: {tube, MGM, TGM} x {MAE, MAE + VT, VT}, each fine-tuned on few labels and
 * probed, beside the same encoder as it is drawn.
 *
 *   npx tsx bench/worth.ts [--folder runs/worth] [--seeds 0,1,2] [--masks tube,mgm,tgm] [--label colour]
 *     [--labelled 128] [--steps 150] [--tuning-steps 80] [--threads 1]
 *
 * Demo data of version 2: textured places, a camera that moves, an object that acts among others. 2,048 clips with captions are
 * pretrained on, `--labelled` of them are fine-tuned on, 512 probed on, and 384 others are judged: the class is the
 * `--label` of the main object (`colour`, `shape`, `action`) or the `place`. VT is InfoNCE against a text encoder that is
 * trained along: there is no CLIP here. The maps of TGM's masks are of a teacher of single frames (preset demo-aligner) that is
 * trained first on captions of the object alone. Each mask has the ratio that the paper found best.
 *
 * A sweep (`lacuna sweep`): what is done stays in the folder, and a second call goes on; sweep.json is the file, table.md the table.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList, SimilarityStore } from '../data/index.js';
import { replaceFile } from '../formats/whole-file.js';
import { parseConfig, resolveSettings } from '../run/index.js';
import { LacunaError } from '../spec/index.js';
import { makeSimilarityMaps, openAlignerWith, similarityRecipe } from '../teacher/index.js';
import { parseSweep, runSweep, type Sweep, type SweepRow } from '../training/index.js';
import { trainRun } from './demo-table.js';
import { jsonLines, withObjectCaptions } from './object-captions.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'runs/worth' },
    seeds: { type: 'string', default: '0,1,2' },
    masks: { type: 'string', default: 'tube,mgm,tgm' },
    label: { type: 'string', default: 'colour' },
    labelled: { type: 'string', default: '128' },
    steps: { type: 'string', default: '150' },
    'tuning-steps': { type: 'string', default: '80' },
    'teacher-steps': { type: 'string', default: '200' },
    threads: { type: 'string', default: '1' },
  },
});
const FOLDER = values.folder;
const PRETRAINED = 2048;
const PROBED = 512;
const JUDGED = 384;
const backend = { name: 'onnx', threads: Number(values.threads) };
const open = (): Promise<Backend> => ONNX.open({ threads: backend.threads });

const MASKS = {
  tube: { 'mask.kind': 'tube', 'mask.ratio': 0.9 },
  mgm: { 'mask.kind': 'motion-guided', 'mask.ratio': 0.75 },
  tgm: { 'mask.kind': 'text-guided', 'mask.ratio': 0.6, 'data.similarity': join(FOLDER, 'maps') },
} as const;
const LOSSES = { MAE: 'mae', 'MAE + VT': 'mae+contrastive', VT: 'contrastive' } as const;
/** Table 2 of the TGM paper, Something-Something V2: fine-tuned and linearly probed, per cent. */
const PAPER: Readonly<Record<string, readonly [finetune: number, probe: number]>> = {
  'tube, MAE': [64.9, 20.8],
  'tube, MAE + VT': [65.5, 33.3],
  'mgm, MAE': [67.3, 33.0],
  'mgm, MAE + VT': [67.0, 37.1],
  'tgm, MAE': [67.1, 26.2],
  'tgm, MAE + VT': [67.5, 33.4],
};

/** Writes a list of clips whose class is an attribute of their content; without captions, so that none can help. */
async function labelledList(
  data: DemoData,
  name: string,
  from: number,
  to: number,
): Promise<string> {
  const contents = await jsonLines<Readonly<Record<string, string>>>(data.contentList);
  const clips = contents.filter(({ split }) => split === 'train').slice(from, to);
  const lines = clips.map((clip) =>
    JSON.stringify({ video: clip.video, label: clip[values.label] }),
  );
  const path = join(FOLDER, `${name}-${values.label}.jsonl`);
  await replaceFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** The clips that are pretrained on, with the captions of the data or those of their objects alone. */
async function captioned(list: string, name: string): Promise<string> {
  const lines = (await jsonLines<object>(list)).slice(0, PRETRAINED);
  const path = join(FOLDER, name);
  await replaceFile(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  return path;
}

/** The teacher of TGM's masks and its maps, made once. */
async function makeMaps(data: DemoData, pretrained: string): Promise<void> {
  const teacher = join(FOLDER, 'teacher');
  const list = await captioned(await withObjectCaptions(data, data.trainList), 'objects.jsonl');
  const config = {
    ...{ preset: 'demo-aligner', output: teacher, backend },
    // The captions of version 2 name place, object, others and action.
    text: { length: 96 },
    data: { list, root: data.folder, workers: 1 },
    schedule: { steps: Number(values['teacher-steps']) },
    checkpoints: { everySteps: 50, keep: 1 },
  };
  await trainRun(resolveSettings(parseConfig(config)), open);
  const aligner = await openAlignerWith(teacher, open);
  try {
    const recipe = similarityRecipe(aligner, { form: 'dense', stride: 4 });
    const store = await SimilarityStore.create(MASKS.tgm['data.similarity'], recipe);
    const { records } = await readClipList(pretrained, console.error);
    await makeSimilarityMaps({ records, root: data.folder, aligner, store });
  } finally {
    await aligner.dispose();
  }
}

function rows(masks: readonly (keyof typeof MASKS)[]): readonly SweepRow[] {
  const all = masks.flatMap((mask) =>
    Object.entries(LOSSES).map(([loss, objective]): SweepRow => {
      const name = `${mask}, ${loss}`;
      const [finetune, probe] = PAPER[name] ?? [];
      const paper =
        finetune === undefined || probe === undefined ? {} : { paper: { finetune, probe } };
      return { name, set: { ...MASKS[mask], objective }, ...paper };
    }),
  );
  return [{ name: 'from scratch', scratch: true }, ...all];
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const data = await makeDemoData(
    join(FOLDER, 'data'),
    { version: 2, trainClips: PRETRAINED + PROBED },
    (done, total) => {
      if (done % 500 === 0) console.log(`making the demo data: ${done} of ${total} clips`);
    },
  );
  const masks = values.masks.split(',').filter((name) => name in MASKS) as (keyof typeof MASKS)[];
  const list = await captioned(data.trainList, 'pretrain.jsonl');
  if (masks.includes('tgm')) await makeMaps(data, list);
  const lists = {
    test: await labelledList(data, 'judged', PRETRAINED, PRETRAINED + JUDGED),
    root: data.folder,
  };
  const sweep: Sweep = {
    title: `${values.label} of demo data 2, ${values.labelled} labelled clips, ${values.steps} steps of pretraining`,
    paper: 'TGM, table 2, Something-Something V2',
    pretrain: {
      preset: 'demo',
      backend,
      batch: 16,
      data: { list, root: data.folder, workers: 1 },
      clip: { frames: 8, patch: 16 },
      encoder: { width: 96, depth: 3, heads: 3 },
      decoder: { width: 48, depth: 1, heads: 2 },
      text: { width: 64, depth: 1 },
      schedule: { steps: Number(values.steps) },
      checkpoints: { everySteps: 50, keep: 1 },
    },
    finetune: {
      recipe: 'plain',
      data: await labelledList(data, `labelled-${values.labelled}`, 0, Number(values.labelled)),
      ...lists,
      steps: Number(values['tuning-steps']),
      set: {
        // A decay over layers would hold back the encoder that has nothing to keep.
        'finetuning.layerDecay': 1,
        'schedule.baseLearningRate': 2e-2,
        'schedule.warmupSteps': Math.round(Number(values['tuning-steps']) / 5),
        'clip.stride': 3,
        'clip.sampling': 'dense',
        'clip.crop': 'centre',
        'data.workers': 1,
        'checkpoints.everySteps': 40,
      },
    },
    probe: { head: 'linear', data: await labelledList(data, 'probed', 0, PROBED), ...lists },
    seeds: values.seeds.split(',').map(Number),
    rows: rows(masks),
  };
  const file = join(FOLDER, 'sweep.json');
  const text = `${JSON.stringify(sweep, null, 2)}\n`;
  await replaceFile(file, text);
  const begun = performance.now();
  const { table } = await runSweep(parseSweep(text, file), join(FOLDER, values.label), {
    version: 'bench',
    openBackend: open,
    openTeacher: (folder) => openAlignerWith(folder, open),
    onCell: (event) => {
      const { row, seed } = event.cell;
      const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
      if (event.kind === 'cell')
        console.log(
          `${event.done + 1} of ${event.total}, ${minutes} min: ${row.name}, seed ${seed}`,
        );
      else console.log(`  ${row.name}, seed ${seed}: ${JSON.stringify(event.scores)}`);
    },
  });
  console.log(`\n${table}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof LacunaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
