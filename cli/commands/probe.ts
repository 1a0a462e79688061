import { Command, InvalidArgumentError, Option } from 'commander';
import { listFile } from '../../data/index.js';
import type { EmbeddingCache } from '../../evaluation/index.js';
import {
  listPair,
  PROBE_HEADS,
  PROBE_RECIPES,
  type ProbeHead,
  type ProbeSettings,
  readTaskManifest,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { type ProbeResult, probe, resumeProbe } from '../../training/index.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import {
  type BackendFlags,
  backendConfig,
  withBackendOptions,
} from '../options/backend-options.js';
import { cacheOption, noCacheOption, openCache } from '../options/cache-option.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  partsOption,
  requireTestList,
  splitOption,
  testSplitOption,
  videoOption,
} from '../options/list-options.js';
import { refuseOthers } from '../options/resume-options.js';
import { runFolderName } from '../options/run-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { probeTable } from '../probe/probe-table.js';
import { RunDisplay } from '../run-display.js';
import { stopSignal } from '../stop-signal.js';
import { version } from '../version.js';
import { positive, wholeNumber } from '../whole-number.js';

interface ProbeFlags extends BackendFlags {
  readonly data?: string;
  readonly test?: string;
  readonly split?: string;
  readonly testSplit?: string;
  readonly video?: string;
  readonly parts?: boolean;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly label?: string;
  readonly output?: string;
  readonly head: ProbeHead;
  readonly steps?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: readonly number[];
  readonly decay?: readonly number[];
  readonly k?: readonly number[];
  readonly blocks?: number;
  readonly seed: number;
  readonly evaluateEvery?: number;
  readonly cache: string | boolean;
  readonly json?: boolean;
  readonly resume?: string;
}

/** Steps between two checkpoints of a probe, and how many stay. */
const CHECKPOINTS = { everySteps: 100, keep: 2 };

export function probeCommand(): Command {
  const command = new Command('probe')
    .description(
      'Says how well classes can be read off the features of a pretrained encoder.\n' +
        'The frozen encoder makes the features of labelled clips once; heads are trained\n' +
        'on them; where there are several, one is chosen on a part of the clips to learn\n' +
        'from. Its accuracy on clips that took no part is printed with its interval, beside\n' +
        'chance, and with the whole protocol. Ctrl-C ends it with a checkpoint. See\n' +
        'docs/probes.md.',
    )
    .argument('[run]', 'folder of the pretraining run whose encoder is probed')
    .option(
      '--data <list or folder>',
      'clips to learn from: a list with labels, shards, or a folder with a folder for each class',
      listFile,
    )
    .option(
      '--test <list or folder>',
      'clips to judge by (default: every fifth clip of each class of --data)',
      listFile,
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(testSplitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option('--label <name>', 'which class, where clips have several (labels): verb, noun, ...')
    .option('--output <folder>', 'folder of the probe to write (default: runs/probe- and the time)')
    .addOption(
      new Option('--head <name>', `what is trained:\n${headLines()}`)
        .choices(PROBE_HEADS)
        .default('linear'),
    )
    .option(
      '--learning-rate <rates>',
      'highest rates to choose from, with commas; of mae those of 256 clips',
      numbers(positive),
    )
    .option('--decay <decays>', 'weight decays to choose from, with commas', numbers(notNegative))
    .option(
      '--k <counts>',
      'of knn: numbers of neighbours to choose from',
      numbers(wholeNumber(1, 1e6)),
    )
    .option('--steps <n>', 'steps, instead of epochs', wholeNumber(1, 1e6))
    .option('--epochs <n>', 'times that all clips are seen', wholeNumber(1, 1e6))
    .option('--batch <n>', 'clips of a step, where not all', wholeNumber(1, 1e7))
    .option(
      '--blocks <n>',
      'of attentive: blocks, that of the query included (default: 4)',
      wholeNumber(1, 64),
    )
    .option(
      '--seed <n>',
      'seed of the first weights and of the order',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .option(
      '--evaluate-every <n>',
      'steps between two looks at how well it does (default: after the last step only)',
      wholeNumber(1, 1e6),
    )
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(jsonOption())
    .option('--resume <folder>', 'continue the probe in this folder; --steps may make it longer');
  return withBackendOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna probe runs/my-run --data train.jsonl --test test.jsonl --root videos
  $ lacuna probe runs/my-run --data ucf101 --head mae
  $ lacuna probe runs/my-run --data ucf101 --head attentive --learning-rate 0.001,0.0003 --decay 0.01 --batch 16
  $ lacuna probe runs/my-run --data ucf101 --head knn --k 1,5,20 --json > knn.json
  $ lacuna probe runs/demo --data demo-data/train.jsonl --test demo-data/test.jsonl
  $ lacuna probe runs/my-run --data ucf101 --learning-rate 0.02 --decay 0 --steps 1000 --evaluate-every 100
  $ lacuna probe runs/my-run --data EPIC_100_train.csv --test EPIC_100_validation.csv --root epic --label verb
  $ lacuna probe --resume runs/my-probe

A line of a list has a label: {"video": "a/b.mp4", "label": "run"}, or "a/b.mp4 3" in a VideoMAE list.`,
    )
    .action(async (run: string | undefined, flags: ProbeFlags, command: Command) => {
      if (flags.resume !== undefined) refuseResumed(run, command);
      const { signal, arm } = stopSignal();
      const display = new RunDisplay(process.stderr, arm);
      const settings = await settingsOf(run, flags);
      const backend = await openBackend(settings);
      try {
        const options = { version: version(), onEvent: display.show, signal };
        let result: ProbeResult;
        if (flags.resume === undefined) {
          const opened: EmbeddingCache[] = [];
          const open = async (model: string): Promise<EmbeddingCache | undefined> => {
            const cache = await openCache(flags.cache, model);
            if (cache !== undefined) opened.push(cache);
            return cache;
          };
          result = await probe(settings, backend, { ...options, openCache: open });
          for (const { counts } of opened) {
            note(`Features: ${counts.found} were known, ${counts.written} are kept now.`);
          }
        } else result = await resumeProbe(flags.resume, backend, options, flags.steps);
        print(result, flags.json === true);
      } finally {
        await backend.dispose();
      }
    });
}

function headLines(): string {
  return PROBE_HEADS.map((name) => {
    const { title, rates, decays, source } = PROBE_RECIPES[name];
    const count = rates.length * decays.length;
    const many = count > 1 ? `; ${count} candidates` : '';
    return `${name}: ${title}${many} (${source})`;
  }).join('\n');
}

/** Numbers with commas between them, each once. */
function numbers(each: (text: string) => number): (text: string) => readonly number[] {
  return (text) => {
    const list = text.split(',').map((part) => each(part.trim()));
    if (list.length > 64) throw new InvalidArgumentError('there may be 64 at most.');
    return [...new Set(list)];
  };
}

function notNegative(text: string): number {
  return text.trim() === '0' ? 0 : positive(text);
}

/** A probe that goes on can be made longer, and nothing else. */
function refuseResumed(run: string | undefined, command: Command): void {
  refuseOthers(command, ['resume', 'steps', 'json']);
  if (run === undefined) return;
  throw new LacunaError({
    where: run,
    what: 'a probe that goes on knows its run',
    fix: 'Name the folder of the probe alone: lacuna probe --resume FOLDER',
  });
}

/** The settings of the folder that goes on, or those that the flags make of the recipe. */
async function settingsOf(run: string | undefined, flags: ProbeFlags): Promise<ProbeSettings> {
  const { resume, data, test, followLinks, head, label } = flags;
  if (resume !== undefined) return (await readTaskManifest(resume, 'linear-probe')).settings;
  if (run === undefined || data === undefined) {
    throw new LacunaError({
      where: run === undefined ? 'lacuna probe' : '--data',
      what: run === undefined ? 'no run is named' : 'no clips to learn from are named',
      expected: 'a run folder, and a list or a folder of clips with classes',
      fix: 'For example: lacuna probe runs/my-run --data train.jsonl --test test.jsonl',
    });
  }
  refuseStrange(head, flags);
  const recipe = PROBE_RECIPES[head];
  const { learningRate: rates = recipe.rates, decay: decays = recipe.decays, seed } = flags;
  const { k: neighbours, blocks, batch = recipe.batch } = flags;
  const epochs = flags.steps === undefined ? (flags.epochs ?? recipe.epochs) : undefined;
  const steps = flags.steps ?? recipe.steps ?? 1;
  const links = followLinks === undefined ? {} : { followLinks };
  requireTestList(flags);
  const { data: learned, test: judged } = listPair(flags);
  return {
    run,
    data: { path: data, ...learned, ...links },
    ...(test === undefined ? {} : { test: { path: test, ...judged, ...links } }),
    ...(label === undefined ? {} : { label }),
    output: flags.output ?? runFolderName('probe-'),
    head,
    seed,
    steps,
    ...(epochs === undefined ? {} : { epochs }),
    ...(batch === undefined ? {} : { batch }),
    learningRate: rates[0] ?? 1,
    ...(head === 'knn' ? {} : { rates, decays }),
    ...(neighbours === undefined ? {} : { neighbours }),
    ...(blocks === undefined ? {} : { blocks }),
    evaluateEvery: flags.evaluateEvery ?? 1_000_000,
    checkpoints: CHECKPOINTS,
    backend: backendConfig(flags),
  };
}

/** @throws LacunaError for a flag that the head has no use for. */
function refuseStrange(head: ProbeHead, flags: ProbeFlags): void {
  const training = ['learningRate', 'decay', 'steps', 'epochs', 'batch', 'evaluateEvery'] as const;
  const strange = [
    ...(head === 'knn' ? training : (['k'] as const)),
    ...(head === 'attentive' ? [] : (['blocks'] as const)),
  ].find((name) => flags[name] !== undefined);
  if (strange !== undefined) {
    throw new LacunaError({
      where: `--${strange.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      what: `a head "${head}" has no use for this`,
      fix: 'Leave it out, or choose another --head.',
    });
  }
  if (flags.steps !== undefined && flags.epochs !== undefined) {
    throw new LacunaError({ where: '--epochs', what: '--steps and --epochs exclude each other' });
  }
}

function print({ folder, steps, outcome }: ProbeResult, isJson: boolean): void {
  if (isJson) printJson({ run: folder, steps, finished: outcome !== undefined, ...outcome });
  else if (outcome === undefined)
    console.log(`\nStopped after step ${steps}. Continue with: lacuna probe --resume ${folder}`);
  else console.log(`\n${probeTable(outcome)}\nThe probe is in ${folder}.`);
}
