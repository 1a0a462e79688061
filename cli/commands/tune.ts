import { Command, Option } from 'commander';
import { listFile } from '../../data/index.js';
import {
  readManifest,
  TUNING_NAMES,
  TUNINGS,
  type TuningName,
  tuningConfig,
} from '../../run/index.js';
import { type PretrainResult, pretrain } from '../../training/index.js';
import { openAligner } from '../open-aligner.js';
import { openBackend } from '../open-backend.js';
import { withBackendOptions } from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { type RunFlags, runFolderName, settingsOf } from '../options/run-options.js';
import {
  followLinksOption,
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

interface TuneFlags extends RunFlags {
  readonly as: TuningName;
  readonly json?: boolean;
}

export function tuneCommand(): Command {
  const command = new Command('tune')
    .description(
      'Tunes a run for retrieval that was trained on masked clips: from its weights, on whole clips and whole\n' +
        'captions, at a lower rate. It makes a run like `lacuna pretrain`, which resumes it.\n' +
        TUNING_NAMES.map((name) => `  ${name.padEnd(10)} ${TUNINGS[name].source}`).join('\n'),
    )
    .argument('<run>', 'the run folder that it begins with')
    .requiredOption(
      '--data <list>',
      'JSON Lines (video, captions), annotations of a public set, or shards',
      listFile,
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(
      new Option('--as <tuning>', 'how: see above').choices(TUNING_NAMES).default('retrieval'),
    )
    .option('--output <folder>', 'run folder to write (default: runs/tune- and the time)')
    .option('--steps <n>', 'length of the run in steps')
    .option('--epochs <n>', 'length of the run in epochs')
    .option('--batch <n>', "clips of a step (default: the run's)")
    .option(
      '--microbatches <n>',
      'parts that a step runs its batch in, to need less memory; negatives stay those of the whole batch',
    )
    .addOption(seedOption())
    .option('--workers <n>', 'decoding threads; 0 decodes in the main one')
    .addOption(tensorboardOption())
    .addOption(trackioOption())
    .addOption(jsonOption())
    .addOption(setOption());
  return withBackendOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna tune runs/masked --data msrvtt-train.jsonl --root MSRVTT/videos
  $ lacuna tune runs/masked --data captions.jsonl --as flip
  $ lacuna tune runs/masked --data captions.jsonl --epochs 10 --set clip.frames=12 --set schedule.baseLearningRate=3e-5
  $ lacuna retrieve runs/tune-... --data test.jsonl`,
    )
    .action(tune);
}

async function tune(run: string, flags: TuneFlags): Promise<void> {
  const { settings: masked } = await readManifest(run);
  const base = withoutLength(tuningConfig(masked, TUNINGS[flags.as]), flags);
  const output = flags.output ?? runFolderName('tune-');
  const settings = await settingsOf({ ...flags, output, init: [run] }, base);
  const { signal, arm } = stopSignal();
  const display = new RunDisplay(process.stderr, arm);
  const backend = await openBackend(settings);
  let result: PretrainResult;
  try {
    result = await pretrain(settings, backend, {
      version: version(),
      onEvent: display.show,
      signal,
      openTeacher: (folder) => openAligner(folder),
    });
  } finally {
    await backend.dispose();
  }
  const { folder, steps, finished } = result;
  if (flags.json === true) return printJson(trainedResult(result));
  console.log(
    finished
      ? `\nDone: ${steps} steps. The run is in ${folder}; say how well it finds: lacuna retrieve ${folder} --data LIST`
      : `\nStopped after step ${steps}. Continue with: lacuna pretrain --resume ${folder}`,
  );
}

/** A length that a person names takes the place of the tuning's, its warm-up too. */
function withoutLength(
  base: Record<string, unknown>,
  { steps, epochs }: Pick<TuneFlags, 'steps' | 'epochs'>,
): Record<string, unknown> {
  if (steps === undefined && epochs === undefined) return base;
  const {
    epochs: _,
    steps: __,
    warmupEpochs: ___,
    warmupSteps: ____,
    ...schedule
  } = base.schedule as Record<string, unknown>;
  return { ...base, schedule };
}
