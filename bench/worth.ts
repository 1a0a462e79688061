/**
 * What pretraining is worth, at the size of the demo: {tube, MGM, TGM} x {MAE, MAE + VT, VT}, each fine-tuned on few labels and
 * probed, beside the same encoder as it is drawn.
 *
 *   npx tsx bench/worth.ts [--folder runs/worth] [--seeds 0,1,2] [--masks tube,mgm,tgm] [--losses MAE,VT] [--label colour]
 *     [--labelled 128] [--steps 150] [--tuning-steps 80] [--threads 1]
 *   npx tsx bench/worth.ts --label direction [--seeds 0,1,2] [--masks tube,tgm] [--losses MAE,VT]
 *   npx tsx bench/worth.ts --ablations [--seeds 0,1,2] [--steps 50] [--tuning-steps 50]
 *
 * Demo data of version 2: textured places, a camera that moves, an object that acts among others. 2,048 clips with captions are
 * pretrained on, `--labelled` of them are fine-tuned on, 512 probed on, and 384 others are judged: the class is the
 * `--label` of the main object (`colour`, `shape`, `action`) or the `place`. VT is InfoNCE against a text encoder that is
 * trained along: there is no CLIP here. The maps of TGM's masks are of a teacher of single frames (preset demo-aligner) that is
 * trained first on captions of the object alone. Each mask has the ratio that the paper found best.
 *
 * `--label direction` is of data of version 1 (plain backgrounds, a camera that stands): clips whose object goes right, left, up or down
 * are told apart, after a longer pretraining on all clips; tube has a ratio of 0.5. `--ablations` runs the rows of TGM's ablations
 * as docs/sweeps has them (ratio, bottom-k, captions, watched loss, longer), with the lists, sizes and lengths of the demo.
 *
 * A sweep (`lacuna sweep`): what is done stays in the folder, and a second call goes on; LABEL.json is the file, LABEL/table.md the table.
 */
import { mkdir, readFile } from 'node:fs/promises';
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
import { setUpOf } from './worth-set-up.js';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    masks: { type: 'string', default: 'tube,mgm,tgm' },
    losses: { type: 'string', default: 'MAE,MAE + VT,VT' },
    label: { type: 'string', default: 'colour' },
    labelled: { type: 'string' },
    steps: { type: 'string' },
    'tuning-steps': { type: 'string' },
    ablations: { type: 'boolean', default: false },
    'teacher-steps': { type: 'string', default: '200' },
    threads: { type: 'string', default: '1' },
  },
});
const PRETRAINED = 2048;
const PROBED = 512;
const setUp = setUpOf(values.label);
// Lists, a teacher and its maps lie in it, which are of one version of the data.
const FOLDER = values.folder ?? (setUp.version === 2 ? 'runs/worth' : 'runs/worth-1');
const labelled = Number(values.labelled ?? setUp.labelled);
const steps = Number(values.steps ?? (values.ablations ? 50 : setUp.steps));
const tuningSteps = Number(values['tuning-steps'] ?? (values.ablations ? 50 : setUp.tuning.steps));
const LISTS = { one: 'pretrain-1.jsonl', all: 'pretrain.jsonl' } as const;
const backend = { name: 'onnx', threads: Number(values.threads) };
const open = (): Promise<Backend> => ONNX.open({ threads: backend.threads });

const MASKS = {
  tube: { 'mask.kind': 'tube', 'mask.ratio': setUp.tubeRatio },
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

/**
 * Writes a list of clips whose class is an attribute of their content; without captions, so that none can help.
 *
 * @param part The clips that are pretrained on, or the others: of them the first `count` that have one of the classes.
 */
async function labelledList(
  data: DemoData,
  name: string,
  part: 'pretrained' | 'others',
  count: number,
): Promise<string> {
  const { key, only } = setUp;
  const contents = await jsonLines<Readonly<Record<string, string>>>(data.contentList);
  const clips = contents.filter(({ split }) => split === 'train');
  const own = part === 'others' ? clips.slice(PRETRAINED) : clips.slice(0, PRETRAINED);
  const lines = own.flatMap(({ video, [key]: label = '' }) =>
    only === undefined || only.includes(label) ? [JSON.stringify({ video, label })] : [],
  );
  const path = join(FOLDER, `${name}-${values.label}.jsonl`);
  await replaceFile(path, `${lines.slice(0, count).join('\n')}\n`);
  return path;
}

/** The clips that are pretrained on, with the captions of a list, or the first so many of them. */
async function captioned(list: string, name: string, most?: number): Promise<string> {
  const all = await jsonLines<{ readonly captions: readonly string[] }>(list);
  const lines = all.slice(0, PRETRAINED).map(({ captions, ...line }) => {
    return JSON.stringify({ ...line, captions: captions.slice(0, most) });
  });
  const path = join(FOLDER, name);
  await replaceFile(path, `${lines.join('\n')}\n`);
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
    Object.entries(LOSSES).flatMap(([loss, objective]): readonly SweepRow[] => {
      if (!values.losses.split(',').includes(loss)) return [];
      const name = `${mask}, ${loss}`;
      const [finetune, probe] = PAPER[name] ?? [];
      const paper =
        finetune === undefined || probe === undefined ? {} : { paper: { finetune, probe } };
      return [{ name, set: { ...MASKS[mask], objective }, ...paper }];
    }),
  );
  return [{ name: 'from scratch', scratch: true }, ...all];
}

/** The files whose rows are all one run of TGM with MAE + VT, but for one setting. */
const ABLATIONS = ['mask-ratio', 'bottom-k', 'captions', 'watched-loss', 'longer'];

/** The rows of TGM's ablations; those that are the same run, as each file has one, are one row, which is the first. */
async function ablationRows(): Promise<readonly SweepRow[]> {
  const rows = new Map<string, SweepRow>([['{}', { name: '' }]]);
  for (const file of ABLATIONS) {
    const path = join('docs', 'sweeps', `tgm-${file}.json`);
    for (const { name, set = {} } of parseSweep(await readFile(path, 'utf8'), path).rows) {
      const own = Object.fromEntries(Object.entries(set).map(atDemoSize));
      const key = JSON.stringify(own);
      const known = rows.get(key)?.name ?? '';
      rows.set(key, { name: known === '' ? name : `${known} = ${name}`, set: own });
    }
  }
  return [...rows.values()];
}

/** Lists and lengths of the demo, where a row has those of the paper. */
function atDemoSize([key, value]: readonly [string, unknown]): readonly [string, unknown] {
  if (key === 'data.list') return [key, join(FOLDER, LISTS.one)];
  if (key === 'schedule.epochs') return ['schedule.steps', (steps * Number(value)) / PAPER_EPOCHS];
  return [key, value];
}
/** TGM's own length. */
const PAPER_EPOCHS = 200;

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const data = await makeDemoData(
    join(FOLDER, 'data'),
    { version: setUp.version, trainClips: PRETRAINED + PROBED },
    (done, total) => {
      if (done % 500 === 0) console.log(`making the demo data: ${done} of ${total} clips`);
    },
  );
  const { ablations } = values;
  const masks = values.masks.split(',').filter((name) => name in MASKS) as (keyof typeof MASKS)[];
  const list = await captioned(data.trainList, LISTS.all);
  await captioned(data.trainList, LISTS.one, 1);
  if (ablations || masks.includes('tgm')) await makeMaps(data, list);
  const lists = {
    test: await labelledList(data, 'judged', 'others', setUp.judged),
    root: data.folder,
  };
  const { 'data.similarity': similarity, 'mask.kind': kind, 'mask.ratio': ratio } = MASKS.tgm;
  const sweep: Sweep = {
    title: `${values.label} of demo data ${setUp.version}, ${labelled} labelled clips, ${steps} steps of pretraining`,
    ...(ablations ? {} : { paper: 'TGM, table 2, Something-Something V2' }),
    pretrain: {
      preset: 'demo',
      ...(ablations ? { objective: 'mae+contrastive', mask: { kind, ratio } } : {}),
      backend,
      batch: setUp.batch,
      data: {
        ...{ list, root: data.folder, workers: 1 },
        ...(ablations ? { similarity } : {}),
      },
      clip: { frames: 8, patch: 16 },
      encoder: { width: 96, depth: 3, heads: 3 },
      decoder: { width: 48, depth: 1, heads: 2 },
      text: { width: 64, depth: 1 },
      schedule: { steps },
      checkpoints: { everySteps: 50, keep: 1 },
    },
    finetune: {
      recipe: 'plain',
      data: await labelledList(data, `labelled-${labelled}`, 'pretrained', labelled),
      ...lists,
      steps: tuningSteps,
      set: {
        batch: setUp.tuning.batch,
        // A decay over layers would hold back the encoder that has nothing to keep.
        'finetuning.layerDecay': 1,
        'schedule.baseLearningRate': setUp.tuning.rate,
        'schedule.warmupSteps': Math.round(tuningSteps / 5),
        'clip.stride': 3,
        'clip.sampling': 'dense',
        'clip.crop': 'centre',
        'data.workers': 1,
        'checkpoints.everySteps': 40,
      },
    },
    probe: {
      head: 'linear',
      data: await labelledList(data, 'probed', 'pretrained', PROBED),
      ...lists,
    },
    seeds: values.seeds.split(',').map(Number),
    rows: ablations ? await ablationRows() : rows(masks),
  };
  const name = ablations ? 'ablations' : values.label;
  const file = join(FOLDER, `${name}.json`);
  const text = `${JSON.stringify(sweep, null, 2)}\n`;
  await replaceFile(file, text);
  const begun = performance.now();
  const { table } = await runSweep(parseSweep(text, file), join(FOLDER, name), {
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
