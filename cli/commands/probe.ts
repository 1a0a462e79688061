import { Command } from 'commander';
import { type ProbeManifest, type ProbeSettings, readTaskManifest } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { PROBE_DEFAULTS, type ProbeResult, probe, resumeProbe } from '../../training/index.js';
import { openBackend } from '../open-backend.js';
import {
  type BackendFlags,
  backendConfig,
  withBackendOptions,
} from '../options/backend-options.js';
import { refuseOthers } from '../options/resume-options.js';
import { runFolderName } from '../options/run-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { RunDisplay } from '../run-display.js';
import { stopSignal } from '../stop-signal.js';
import { version } from '../version.js';
import { positive, wholeNumber } from '../whole-number.js';

interface ProbeFlags extends BackendFlags {
  readonly data?: string;
  readonly test?: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly output?: string;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly evaluateEvery?: number;
  readonly resume?: string;
}

/** Steps between two checkpoints of a probe, and how many stay. */
const CHECKPOINTS = { everySteps: 100, keep: 2 };

export function probeCommand(): Command {
  const command = new Command('probe')
    .description(
      'Says how well classes can be read off the features of a pretrained encoder.\n' +
        'The frozen encoder makes the features of labelled clips once, a linear\n' +
        'classifier is trained on them, and its accuracy on clips that it did not learn\n' +
        'from is printed beside chance. Ctrl-C ends it with a checkpoint.',
    )
    .argument('[run]', 'folder of the pretraining run whose encoder is probed')
    .option(
      '--data <list or folder>',
      'clips to learn from: a list with labels, or a folder with a folder for each class',
    )
    .option(
      '--test <list or folder>',
      'clips to judge by (default: every fifth clip of each class of --data)',
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .option('--output <folder>', 'folder of the probe to write (default: runs/probe- and the time)')
    .option(
      '--steps <n>',
      'steps over all clips at once',
      wholeNumber(1, 1e6),
      PROBE_DEFAULTS.steps,
    )
    .option(
      '--learning-rate <rate>',
      'the highest one; a tenth of the steps warm up, a cosine leads to 0',
      positive,
      PROBE_DEFAULTS.learningRate,
    )
    .option(
      '--seed <n>',
      'seed of the first weights',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      PROBE_DEFAULTS.seed,
    )
    .option(
      '--evaluate-every <n>',
      'steps between two looks at the clips to judge by (default: after the last step only)',
      wholeNumber(1, 1e6),
    );
  return withBackendOptions(command)
    .option('--resume <folder>', 'continue the probe in this folder from its last good checkpoint')
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna probe runs/my-run --data train.jsonl --test test.jsonl --root videos
  $ lacuna probe runs/my-run --data ucf101 --steps 1000 --evaluate-every 100
  $ lacuna probe runs/demo --data demo-data/train.jsonl --test demo-data/test.jsonl
  $ lacuna probe --resume runs/my-probe
  $ lacuna probe --resume runs/my-probe --steps 1000

A line of a list has a label: {"video": "a/b.mp4", "label": "run"}, or "a/b.mp4 3" in a VideoMAE list.`,
    )
    .action(async (run: string | undefined, flags: ProbeFlags, command: Command) => {
      if (flags.resume !== undefined) refuseResumed(run, command);
      const { signal, arm } = stopSignal();
      const display = new RunDisplay(process.stdout, arm);
      const options = { version: version(), onEvent: display.show, signal };
      const settings = await settingsOf(run, flags);
      const backend = await openBackend(settings);
      try {
        const result =
          flags.resume === undefined
            ? await probe(settings, backend, options)
            : await resumeProbe(flags.resume, backend, options, longer(command, flags));
        console.log(`\n${summary(result)}`);
      } finally {
        await backend.dispose();
      }
    });
}

/** A probe that goes on can be made longer, and nothing else. */
function refuseResumed(run: string | undefined, command: Command): void {
  refuseOthers(command, ['resume', 'steps']);
  if (run === undefined) return;
  throw new LacunaError({
    where: run,
    what: 'a probe that goes on knows its run',
    fix: 'Name the folder of the probe alone: lacuna probe --resume FOLDER',
  });
}

function longer(command: Command, { steps }: ProbeFlags): number | undefined {
  return command.getOptionValueSource('steps') === 'cli' ? steps : undefined;
}

/** The settings of the folder that goes on, or those that the flags make. */
async function settingsOf(run: string | undefined, flags: ProbeFlags): Promise<ProbeSettings> {
  const { resume, data, test, root, followLinks } = flags;
  if (resume !== undefined) return (await readTaskManifest(resume, 'linear-probe')).settings;
  if (run === undefined || data === undefined) {
    throw new LacunaError({
      where: run === undefined ? 'lacuna probe' : '--data',
      what: run === undefined ? 'no run is named' : 'no clips to learn from are named',
      expected: 'a run folder, and a list or a folder of clips with classes',
      fix: 'For example: lacuna probe runs/my-run --data train.jsonl --test test.jsonl',
    });
  }
  const { steps, learningRate, seed, evaluateEvery = steps } = flags;
  const from = {
    ...(root === undefined ? {} : { root }),
    ...(followLinks === undefined ? {} : { followLinks }),
  };
  return {
    run,
    data: { path: data, ...from },
    ...(test === undefined ? {} : { test: { path: test, ...from } }),
    output: flags.output ?? runFolderName('probe-'),
    seed,
    steps,
    learningRate,
    evaluateEvery,
    checkpoints: CHECKPOINTS,
    backend: backendConfig(flags),
  };
}

function summary({ folder, steps, finished, scores, manifest }: ProbeResult): string {
  if (!finished || scores === undefined)
    return `Stopped after step ${steps}. Continue with: lacuna probe --resume ${folder}`;
  return `${accuracy(scores, manifest)}\nThe probe is in ${folder}.`;
}

function accuracy(
  scores: Readonly<Record<string, number>>,
  { test, classes }: ProbeManifest,
): string {
  const percent = (name: string): string => `${(100 * (scores[name] ?? Number.NaN)).toFixed(1)} %`;
  return (
    `Top-1 accuracy on ${test.clips} clips of ${classes.length} classes: ${percent('top1')} ` +
    `(chance ${percent('chance')}, always the most frequent class ${percent('majority')}; ` +
    `on the clips that it learned from ${percent('train_top1')}).`
  );
}
