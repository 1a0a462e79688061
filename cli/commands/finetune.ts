import { Command, Option } from 'commander';
import { listFile } from '../../data/index.js';
import {
  finetuningConfig,
  listPair,
  type RunSettings,
  readManifest,
  readTaskManifest,
  taskOf,
} from '../../run/index.js';
import { LacunaError, RECIPE_NAMES, RECIPES } from '../../spec/index.js';
import { type FinetuneResult, finetune, resumeFinetuning } from '../../training/index.js';
import { type ClassifierVerdict, judgeClassifier } from '../classification/judge-classifier.js';
import { openBackend } from '../open-backend.js';
import { withBackendOptions } from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  partsOption,
  requireTestList,
  splitOption,
  testSplitOption,
  videoOption,
} from '../options/list-options.js';
import { refuseOthers, resumeChanges } from '../options/resume-options.js';
import { type RunFlags, runFolderName, settingsOf } from '../options/run-options.js';
import {
  followLinksOption,
  initOption,
  rootOption,
  seedOption,
  setOption,
  tensorboardOption,
  trackioOption,
} from '../options/shared-options.js';
import { RunDisplay } from '../run-display.js';
import { stopSignal } from '../stop-signal.js';
import { trainedResult } from '../trained-result.js';
import { version } from '../version.js';
import { wholeNumber } from '../whole-number.js';

interface FinetuneFlags extends Omit<RunFlags, 'steps' | 'epochs' | 'config' | 'objective'> {
  readonly recipe: string;
  readonly test?: string;
  readonly testSplit?: string;
  readonly evaluateEvery?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly resume?: string;
  readonly json?: boolean;
}

/** What can be said beside `--resume`: where the data lie now, and who decodes. */
const HONOURED = ['resume', 'data', 'root', 'split', 'followLinks', 'workers', 'set', 'json'];
/** A list of clips to judge by counts whole. */
const ALL_CLIPS = 1_000_000;
/** Steps between two looks: only after the last one. */
const NEVER = 1_000_000_000;

export function finetuneCommand(): Command {
  const command = new Command('finetune')
    .description(
      'Fine-tunes a pretrained encoder to tell the classes of clips, by the recipe of VideoMAE and TGM, and says\n' +
        'how well it does on clips that it did not learn from. Ctrl-C ends it with a checkpoint.\n\n' +
        RECIPE_NAMES.map((name) => `  ${name.padEnd(10)} ${RECIPES[name].source}`).join('\n'),
    )
    .option(
      '--data <list>',
      'clips to learn from: JSON Lines (video, label), the annotation file of a public set, or shards',
      listFile,
    )
    .option('--test <list>', 'clips to judge by, of the same classes', listFile)
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(testSplitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(
      new Option('--recipe <name>', 'how: see above').choices(RECIPE_NAMES).default('k400'),
    )
    .addOption(initOption())
    .option(
      '--preset <name>',
      'the encoder where no --init says what it is: videomae-vitb, demo, ...',
    )
    .option('--output <folder>', 'run folder to write (default: runs/finetune- and the time)')
    .option('--steps <n>', 'length of the run in steps', wholeNumber(1, 1e9))
    .option('--epochs <n>', 'length of the run in epochs', wholeNumber(1, 1e6))
    .option('--batch <n>', 'clips of a step; repeated augmentations come on top')
    .option('--microbatches <n>', 'parts that a step runs its batch in, to need less memory')
    .option(
      '--evaluate-every <n>',
      'steps between two looks at the clips to judge by (default: after the last step only)',
      wholeNumber(1, 1e9),
    )
    .addOption(seedOption())
    .option('--workers <n>', 'decoding threads; 0 decodes in the main one')
    .addOption(tensorboardOption())
    .addOption(trackioOption())
    .addOption(jsonOption())
    .addOption(setOption());
  return withBackendOptions(command)
    .option(
      '--resume <folder>',
      'continue the run in this folder from its last good checkpoint; --data, --root and --split say where its data lie now',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna finetune --data train.jsonl --test test.jsonl --root videos --init runs/my-run --recipe ucf101
  $ lacuna finetune --data train.txt --test val.txt --init videomae-base --recipe k400 --batch 32 --microbatches 8
  $ lacuna finetune --data k400.csv --split train --test k400.csv --test-split val --root k400 --init videomae-base
  $ lacuna finetune --data train.jsonl --test test.jsonl --preset demo --recipe plain   # from scratch
  $ lacuna finetune --data train.jsonl --init runs/my-run --set finetuning.dropPath=0.2 --set finetuning.average=0.9999
  $ lacuna finetune --resume runs/finetune-...
  $ lacuna evaluate runs/finetune-... --data test.jsonl --views 5x3

A line of a list has a label: {"video": "a/b.mp4", "label": "run"}, or "a/b.mp4 3" in a VideoMAE list;
with several, {"video": "a/b.mp4", "labels": {"verb": "open", "noun": "door"}}: a head is learned for each.
The classes are those of --data. The last numbers are of the recipe's views, clips in time by crops in space.`,
    )
    .action(async (flags: FinetuneFlags, command: Command) => {
      const result = await run(flags, command);
      const { folder, steps, finished } = result;
      const { json: isJson = false } = flags;
      if (!isJson) {
        console.log(
          finished
            ? `\nDone: ${steps} steps. The classifier is in ${folder}.`
            : `\nStopped after step ${steps}. Continue with: lacuna finetune --resume ${folder}`,
        );
      }
      const verdict = finished ? await judged(result) : undefined;
      if (isJson) printJson({ ...trainedResult(result), ...verdict?.result });
      else if (verdict !== undefined) console.log(verdict.lines.join('\n'));
    });
}

/** What the classifier is worth on the clips to judge by, where there are some. */
async function judged({
  folder,
  settings: { evaluation, data },
}: FinetuneResult): Promise<ClassifierVerdict | undefined> {
  if (evaluation === undefined) return undefined;
  const { list, clips: _, ...where } = evaluation;
  const { followLinks } = data;
  return judgeClassifier(folder, {
    ...where,
    data: list,
    keep: true,
    ...(followLinks === undefined ? {} : { followLinks }),
  });
}

async function run(flags: FinetuneFlags, command: Command): Promise<FinetuneResult> {
  const { resume } = flags;
  if (resume !== undefined) refuseOthers(command, HONOURED);
  const { signal, arm } = stopSignal();
  const display = new RunDisplay(process.stderr, arm);
  const options = { version: version(), onEvent: display.show, signal };
  const settings =
    resume === undefined
      ? await finetuneSettings(flags)
      : (await readTaskManifest(resume, 'finetune')).settings;
  const backend = await openBackend(settings);
  try {
    if (resume === undefined) return await finetune(settings, backend, options);
    const { data, root, split, followLinks, workers, set } = flags;
    const said = { data, root, split, followLinks, workers, set };
    const known = Object.entries(said).filter(([, value]) => value !== undefined);
    const { paths, workers: threads } = resumeChanges(command, Object.fromEntries(known));
    return await resumeFinetuning(resume, backend, options, {
      ...(paths === undefined ? {} : { paths }),
      ...(threads === undefined ? {} : { workers: threads }),
    });
  } finally {
    await backend.dispose();
  }
}

/** The settings that the recipe and the flags make. */
async function finetuneSettings(flags: FinetuneFlags): Promise<RunSettings> {
  requireTestList(flags);
  const { recipe, test, testSplit: _, evaluateEvery = NEVER, steps, epochs, ...others } = flags;
  const pretrained = await pretrainedSettings(flags.init);
  const base = finetuningConfig(recipe, pretrained, { steps, epochs });
  const evaluation = {
    list: test,
    everySteps: evaluateEvery,
    clips: ALL_CLIPS,
    ...listPair(flags).test,
  };
  const output = flags.output ?? runFolderName('finetune-');
  const settings = await settingsOf(
    { ...others, output },
    test === undefined ? base : { ...base, evaluation },
  );
  if (settings.stages === undefined) return settings;
  throw new LacunaError({
    where: '--preset',
    what: 'this preset is a run of stages, and fine-tuning has one',
    got: settings.preset,
    fix: 'Choose another preset, or begin with a run: --init RUN.',
  });
}

/** The settings of the run among the folders that weights come from: the classifier has its clips. */
async function pretrainedSettings(
  folders: readonly string[] = [],
): Promise<RunSettings | undefined> {
  for (const folder of folders)
    if ((await taskOf(folder)) === 'pretrain') return (await readManifest(folder)).settings;
  return undefined;
}
