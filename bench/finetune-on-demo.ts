import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { makeDemoData } from '../data/index.js';
import {
  finetuningConfig,
  parseConfig,
  readEvaluations,
  readManifest,
  resolveSettings,
  withWeights,
} from '../run/index.js';
import { finetune, pretrain } from '../training/index.js';

/**
 * What pretraining is worth where labels are few: a small encoder is pretrained on the demo data's clips and captions,
 * then fine-tuned on a few labelled clips, beside the same encoder from scratch. Same steps, same rates, same seed:
 *
 *     npx tsx bench/finetune-on-demo.ts                       8 shapes, 160 labelled clips
 *     npx tsx bench/finetune-on-demo.ts --label background --clips 80
 *
 * Prints the top-1 of both on the 64 held-out clips. What was made is kept in `--folder` and used again.
 */
const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'demo-finetune' },
    label: { type: 'string', default: 'shape' },
    clips: { type: 'string', default: '160' },
    steps: { type: 'string', default: '200' },
    rate: { type: 'string', default: '2e-2' },
  },
});
const { folder, label } = values;
const steps = Number(values.steps);
const data = await makeDemoData(join(folder, 'data'), {});

interface Content {
  readonly video: string;
  readonly split: string;
  readonly [key: string]: unknown;
}

/** The first labelled clips of a split, as a list beside the data. */
async function labelled(split: 'train' | 'test', count: number): Promise<string> {
  const lines = (await readFile(data.contentList, 'utf8')).trim().split('\n');
  const clips = lines
    .map((line) => JSON.parse(line) as Content)
    .filter((each) => each.split === split)
    .slice(0, count)
    .map((each) => JSON.stringify({ video: each.video, label: String(each[label]) }));
  const path = join(data.folder, `labelled-${split}-${label}-${clips.length}.jsonl`);
  await writeFile(path, `${clips.join('\n')}\n`);
  return path;
}

/** Fine-tunes an encoder, pretrained or not, and says how often the held-out clips are right. */
async function score(backend: Backend, name: string, pretrained?: string): Promise<string> {
  const output = join(folder, `${name}-${label}-${values.clips}-${Date.now()}`);
  const from = pretrained === undefined ? undefined : (await readManifest(pretrained)).settings;
  const config = {
    ...finetuningConfig('plain', from, { steps }),
    preset: 'demo-aligner',
    data: { list: await labelled('train', Number(values.clips)) },
    evaluation: { list: await labelled('test', 64), everySteps: steps, clips: 64 },
    output,
    batch: 32,
    checkpoints: { everySteps: steps, keep: 1 },
  };
  const { schedule } = config as { readonly schedule?: object };
  const rated = { ...config, schedule: { ...schedule, baseLearningRate: Number(values.rate) } };
  const given = await withWeights(rated, pretrained === undefined ? [] : [pretrained]);
  await finetune(resolveSettings(parseConfig(given)), backend, { version: 'bench' });
  const scores = (await readEvaluations(output)).at(-1)?.scores ?? {};
  const percent = (value = Number.NaN): string => `${(100 * value).toFixed(1)} %`;
  return `${name}: top-1 ${percent(scores.top1)} of 64 clips (chance ${percent(scores.chance)})`;
}

await mkdir(folder, { recursive: true });
const backend = await ONNX.open();
try {
  const run = join(folder, 'pretrained');
  const isThere = await readManifest(run).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const config = { preset: 'demo-aligner', data: { list: data.trainList }, output: run };
    await pretrain(resolveSettings(parseConfig(config)), backend, { version: 'bench' });
  }
  console.log(`${label}, ${values.clips} labelled clips, ${steps} steps`);
  console.log(await score(backend, 'pretrained', run));
  console.log(await score(backend, 'scratch'));
} finally {
  await backend.dispose();
}
