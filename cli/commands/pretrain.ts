import { Command } from 'commander';
import { BACKENDS } from '../../backends/registry.js';
import type { Backend } from '../../core/index.js';
import { listFile } from '../../data/index.js';
import { configJsonSchema, type RunSettings, readManifest } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import {
  type PretrainEvent,
  type PretrainResult,
  pretrain,
  resumePretraining,
  withinBudget,
} from '../../training/index.js';
import { type LaunchFlags, launchOf } from '../launch/launcher.js';
import { withShared } from '../launch/open-shared.js';
import { note } from '../note.js';
import { openAligner } from '../open-aligner.js';
import { resumedBackend, withBackendOptions } from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { launchFlags, withLaunchOptions } from '../options/launch-options.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { budgetLine, budgetOf, memoryOption } from '../options/memory-option.js';
import { resumeChanges } from '../options/resume-options.js';
import { type RunFlags, settingsOf } from '../options/run-options.js';
import {
  followLinksOption,
  initOption,
  ledgerOption,
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

interface PretrainFlags extends RunFlags, LaunchFlags {
  readonly resume?: string;
  readonly memory?: number;
  readonly printSchema?: boolean;
  readonly json?: boolean;
}

export function pretrainCommand(): Command {
  const command = new Command('pretrain')
    .description('Pretrains a masked video-text model on your videos and captions.')
    .option(
      '--data <list>',
      'JSON Lines (video or image, captions, label), the annotation file of a public set (docs/data.md has all), or a folder of shards',
      listFile,
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option('--output <folder>', 'run folder to write (default: runs/ and the time)')
    .option(
      '--preset <name>',
      'where all settings start from: videomae-vitb, tgm-vitb-k400, demo, ...',
    )
    .option('--objective <name>', 'mae, contrastive or mae+contrastive')
    .option('--steps <n>', 'length of the run, or of each of its stages, in steps')
    .option('--epochs <n>', 'length of the run, or of each of its stages, in epochs')
    .option('--batch <n>', 'clips of a step')
    .option(
      '--microbatches <n>',
      'parts that a step runs its batch in, to need less memory; negatives stay those of the whole batch',
    )
    .addOption(memoryOption().conflicts('microbatches'))
    .addOption(seedOption())
    .option('--workers <n>', 'decoding threads; 0 decodes in the main one')
    .addOption(tensorboardOption())
    .addOption(ledgerOption())
    .addOption(trackioOption())
    .addOption(jsonOption());
  return withLaunchOptions(withBackendOptions(command))
    .option('--config <file>', 'JSON configuration; flags override it')
    .addOption(setOption())
    .addOption(initOption())
    .option(
      '--resume <folder>',
      'continue the run in this folder from its last good checkpoint; beside it --steps or --epochs make it longer; --data, --root and --split say where its data lie now',
    )
    .option('--print-schema', 'print the JSON Schema of the configuration and exit')
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna pretrain --data captions.jsonl --root videos --preset videomae-vits --objective mae+contrastive
  $ lacuna pretrain --data MSRVTT_data.json --split MSRVTT_train.9k.csv --root MSRVTT/videos --preset mac-vitb
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --batch 8 --set mask.ratio=0.75
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --set encoder.attention=divided --set mask.kind=tube
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --set textMask.mode=drop --set textMask.unit=word --set textMask.ratio=0.3
  $ lacuna pretrain --data captions.jsonl --preset tgm-vitb-k400 --set contrastive.teacher=clip-vit-base-patch32
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --init vit-base-patch16-224-in21k --init distilbert-base-uncased
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --set mask.ratio=0 --init runs/masked
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --batch 512 --microbatches 64   # 8 clips at a time
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --batch 64 --memory 12GB   # in as few parts as fit
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb-curriculum --set 'data.others=[{"list": "pictures.jsonl"}]'
  $ lacuna pretrain --data pictures.jsonl --preset flip-vitb --batch 256 --set mask.ratio=0.75
  $ lacuna pretrain --config run.json --steps 2000 --trackio my-project
  $ lacuna pretrain --resume runs/my-run
  $ lacuna pretrain --resume runs/my-run --epochs 800 --root /mnt/videos
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --backend xla --device cuda   # all GPUs of this machine
  $ srun lacuna pretrain --data captions.jsonl --preset mac-vitb --backend xla --device cuda --batch 1024

The rows of TGM's tables are tgm-vitb-k400 or tgm-vitb-ssv2 with two keys changed:
  mask    --set mask.kind=tube (ratio 0.9), motion-guided (0.75), text-guided (0.6), text-guided-bottom
  loss    --objective mae, contrastive (the tables' VT) or mae+contrastive
          --set contrastive.weight=0 reports the contrastive loss of pure MAE without optimising it`,
    )
    .action(async (flags: PretrainFlags, command: Command) => {
      if (flags.printSchema === true) {
        return printJson(configJsonSchema());
      }
      const { tells, ...result } = await run(flags, command);
      const { folder, steps, finished } = result;
      if (!tells) return;
      if (flags.json === true) return printJson(trainedResult(result));
      console.log(
        finished
          ? `\nDone: ${steps} steps. The run is in ${folder}; look at it with: lacuna report ${folder}`
          : `\nStopped after step ${steps}. Continue with: lacuna pretrain --resume ${folder}`,
      );
    });
}

/** @returns What came of it, and whether this process tells of it: of several, process 0 does. */
async function run(
  { resume, memory, ...flags }: PretrainFlags,
  command: Command,
): Promise<PretrainResult & { readonly tells: boolean }> {
  const changes = resume === undefined ? {} : resumeChanges(command, flags);
  const { signal, arm } = stopSignal();
  const { show } = new RunDisplay(process.stderr, arm);
  const settings = resume === undefined ? await settingsOf(flags) : await resumed(resume, flags);
  // A launcher that has started several processes has not started them for a backend of one.
  const splits = BACKENDS.named(settings.backend.name).splits === true;
  const launch = launchOf(launchFlags(flags), splits ? process.env : {});
  const tells = (launch?.process ?? 0) === 0;
  if (memory !== undefined && launch !== undefined) {
    throw new LacunaError({
      where: '--memory',
      what: 'processes that share a batch have each a memory of its own, so one budget does not fit them',
      fix: 'Say in how many parts a step is to run: --microbatches.',
    });
  }
  const result = await withShared(settings, launch, (backend, group) => {
    const options = {
      version: version(),
      onEvent: (event: PretrainEvent) => {
        if (event.kind === 'ready') group?.watch();
        // Process 0 tells for all.
        if (tells) show(event);
        else if (event.kind === 'ready') arm();
      },
      signal,
      openTeacher: (folder: string) => openAligner(folder),
      ...(group === undefined ? {} : { group }),
    };
    return resume === undefined
      ? pretrain(budgeted(settings, backend, memory), backend, options)
      : resumePretraining(resume, backend, options, changes);
  });
  return { ...result, tells };
}

/** The settings in the parts that a budget asks for, which is told. */
function budgeted(settings: RunSettings, backend: Backend, asked: number | undefined): RunSettings {
  if (asked === undefined) return settings;
  const budget = budgetOf(asked, backend);
  const fitted = withinBudget(settings, backend, budget);
  for (const stage of fitted.stages) note(budgetLine(budget, stage));
  return fitted.settings;
}

/** The settings of a run that goes on, with the backend that is asked for now. */
async function resumed(path: string, flags: RunFlags): Promise<RunSettings> {
  const { settings } = await readManifest(path);
  return { ...settings, backend: resumedBackend(settings.backend, flags) };
}
