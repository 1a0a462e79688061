import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { duration } from '../../core/duration.js';
import type { Backend } from '../../core/index.js';
import {
  type ClipRecord,
  DEMO_VERSIONS,
  type DemoData,
  type DemoVersion,
  readClipList,
} from '../../data/index.js';
import { evaluate, protocolText, retrieval } from '../../evaluation/index.js';
import { type TrainedModel, untrained } from '../../run/index.js';
import { probabilityByChance } from '../../spec/index.js';
import { type DemoFlags, demoData, demoSettings, train } from '../demo/demo-run.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { withBackendOptions } from '../options/backend-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { seedOption, setOption } from '../options/shared-options.js';
import { type RunEvaluation, type ScoreRow, writeRunEvaluation } from '../report/run-evaluation.js';
import { writeReport } from '../report/write-report.js';
import { percent } from '../share-text.js';

interface DemoCommandFlags extends DemoFlags {
  readonly json?: boolean;
}

/** Scores of the trained model, of the untrained one, and of the control once it is trained. */
type Rows = readonly [trained: ScoreRow, untrained: ScoreRow, ...control: ScoreRow[]];

/** A recall that chance reaches less often than this counts as learned. */
const SIGNIFICANCE = 1e-3;

export function demoCommand(): Command {
  const command = new Command('demo')
    .description(
      'Makes a data set of short clips with captions, pretrains on it, and says what the model learned:\n' +
        'text-to-video R@1 among 64 held-out clips, beside chance, an untrained model, and a control\n' +
        'that is trained on captions shuffled between clips.',
    )
    .option('--data <folder>', 'where the demo data are made, once', 'demo-data')
    .addOption(
      new Option(
        '--data-version <n>',
        'what the clips show: 1, shapes that move on plain backgrounds; 2, several objects in textured\nplaces before a camera that moves',
      )
        .argParser(demoVersion)
        .default(1),
    )
    .option('--runs <folder>', 'where the run folders go', 'runs')
    .addOption(seedOption())
    .option('--steps <n>', 'length of each of the two runs in steps')
    .addOption(setOption())
    .addOption(jsonOption());
  return withBackendOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna demo
  $ lacuna demo --steps 100 --seed 7
  $ lacuna demo --data demo-scenes --data-version 2
  $ lacuna demo --set mask.ratio=0.9 --set objective=contrastive
  $ lacuna demo --json`,
    )
    .action(demo);
}

function demoVersion(text: string): DemoVersion {
  const found = DEMO_VERSIONS.find((version) => String(version) === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`it must be one of ${DEMO_VERSIONS.join(', ')}.`);
}

async function demo({ json = false, ...given }: DemoCommandFlags): Promise<void> {
  const started = performance.now();
  const data = await demoData(given.data, given.dataVersion);
  const gallery = (await readClipList(data.testList, note)).records;
  const name = join(given.runs, `demo-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}`);
  const backend = await openBackend(await demoSettings(given, data, name, 'own'));
  const flags = reduced(given, backend);
  const settings = await demoSettings(flags, data, name, 'own');
  try {
    note('\nPretraining on clips with their own captions:');
    const trained = await train(settings, backend);
    if (trained === undefined) return stopped(name, json);
    const first = await scores('trained', trained, gallery, data);
    const begun = await scores('untrained', untrained(trained), gallery, data);
    const { protocol } = first;
    const seen = { list: data.testList, protocol, rows: [first.row, begun.row] as const };
    await writeRunEvaluation(name, { ...seen, verdict: verdict(seen.rows) });
    note(`\n${verdict(seen.rows)}\nThe report is in ${await writeReport(name, { examples: 4 })}`);
    note('\nThe control, pretraining on captions shuffled between clips:');
    const shuffled = `${name}-shuffled`;
    const control = await train(await demoSettings(flags, data, shuffled, 'shuffled'), backend);
    if (control === undefined) return stopped(shuffled, json);
    const last = await scores('captions shuffled', control, gallery, data);
    const rows: Rows = [first.row, begun.row, last.row];
    const evaluation = { ...seen, verdict: verdict(rows), rows };
    await writeRunEvaluation(name, evaluation);
    const report = await writeReport(name, { examples: 4 });
    const seconds = (performance.now() - started) / 1000;
    if (json) {
      const learned = judgedOf(rows);
      return printJson({
        finished: true,
        run: name,
        control: shuffled,
        report,
        ...learned,
        ...evaluation,
        seconds,
      });
    }
    console.log(`\n${summary(evaluation)}\n\nThe report is in ${report}`);
    console.log(`This took ${duration(seconds)}.`);
  } finally {
    await backend.dispose();
  }
}

/** Says how a run that Ctrl-C ended goes on. */
function stopped(run: string, json: boolean): void {
  if (json) printJson({ finished: false, run });
  else console.log(`Stopped. Continue this run with: lacuna pretrain --resume ${run}`);
}

/** Shorter runs of fewer clips on a GPU in software, where no length was asked for. */
function reduced(flags: DemoFlags, { info }: Backend): DemoFlags {
  if (info.emulated !== true || flags.steps !== undefined) return flags;
  const [steps, batch] = ['20', '8'];
  note(
    `${info.device} computes in software: ${steps} steps of ${batch} clips, too few to learn much. --steps asks for more.`,
  );
  return { ...flags, steps, set: [`batch=${batch}`, ...(flags.set ?? [])] };
}

async function scores(
  model: string,
  trained: TrainedModel,
  gallery: readonly ClipRecord[],
  { folder }: DemoData,
): Promise<{ readonly row: ScoreRow; readonly protocol: string }> {
  const found = await evaluate(retrieval, trained, gallery, folder);
  const { textToVideo, videoToText, protocol } = found;
  return { row: { model, textToVideo, videoToText }, protocol: protocolText(protocol) };
}

/** Whether the trained model, and whether the control, is above chance. */
function judgedOf(rows: Rows): { readonly learned: boolean; readonly leaks: boolean } {
  const [trained, , shuffled] = rows;
  return {
    learned: byChance(trained.textToVideo) < SIGNIFICANCE,
    leaks: shuffled !== undefined && byChance(shuffled.textToVideo) < SIGNIFICANCE,
  };
}

function verdict(rows: Rows): string {
  const { learned, leaks } = judgedOf(rows);
  const [{ textToVideo: trained }, { textToVideo: begun }, control] = rows;
  const shuffled = control === undefined ? 'not yet known' : percent(control.textToVideo.recallAt1);
  return [
    `Text-to-video R@1 in a gallery of ${trained.gallery} held-out clips: ${percent(trained.recallAt1)}`,
    ` (chance ${percent(trained.chanceAt1)}, untrained ${percent(begun.recallAt1)},`,
    ` captions shuffled ${shuffled}).`,
    learned ? ' It learned.' : ' It did NOT learn: chance reaches as much.',
    leaks ? ' The shuffled control is above chance: something leaks, do not trust the figure.' : '',
  ].join('');
}

/** The probability that guessing reaches this recall at rank 1. */
function byChance({ recallAt1, queries, gallery }: ScoreRow['textToVideo']): number {
  return probabilityByChance(queries, Math.round(recallAt1 * queries), 1 / gallery);
}

function summary({ verdict: sentence, rows, protocol = '' }: RunEvaluation): string {
  const lines = rows.map(({ model, textToVideo: s }) => {
    const recalls = [s.recallAt1, s.recallAt5, s.recallAt10].map((share) =>
      percent(share).padStart(8),
    );
    return `  ${model.padEnd(18)} ${recalls.join(' ')} ${s.medianRank.toFixed(1).padStart(8)}`;
  });
  return `${sentence}\n\n  ${'text to video'.padEnd(18)}      R@1      R@5     R@10   median\n${lines.join('\n')}\n\n  ${protocol}`;
}
