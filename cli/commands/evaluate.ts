import { Command } from 'commander';
import { checkDataFolder } from '../../data/index.js';
import { EVALUATORS, evaluate, lackingFor } from '../../evaluation/index.js';
import { loadModel, taskOf } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { judgeClassifier } from '../classification/judge-classifier.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  type DataFlags,
  partsOption,
  readData,
  splitOption,
  videoOption,
} from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { wholeNumber } from '../whole-number.js';
import { withTeacher } from '../with-teacher.js';

interface EvaluateFlags extends DataFlags {
  readonly data: string;
  readonly clips?: number;
  readonly only?: string;
  readonly views?: string;
  readonly page?: string;
  readonly json?: boolean;
}

export function evaluateCommand(): Command {
  const names = EVALUATORS.map(({ name }) => name);
  return new Command('evaluate')
    .description(
      'Judges the model of a run on held-out clips, by all that it can be judged by:\n' +
        '  retrieval       captions find their clips, and clips their captions (models that align)\n' +
        '  reconstruction  the mean squared error under the mask (models that reconstruct)\n' +
        '  classification  top-1 and top-5 with their intervals (fine-tuned runs, see `lacuna finetune`)\n' +
        'The same numbers are followed while a run is trained with --set evaluation.list=LIST and\n' +
        '--set evaluation.everySteps=N of `lacuna pretrain`.',
    )
    .argument('<run>', 'the run folder')
    .requiredOption(
      '--data <list>',
      'held-out clips: JSON Lines (video, captions, label), annotations of a public set, a folder of videos, or shards',
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option('--clips <n>', 'how many of them, from the first (default: all)', wholeNumber(1, 1e6))
    .option(
      '--views <CxS>',
      'of a fine-tuned run: clips in time by crops in space, such as 5x3 (default: those of its recipe)',
    )
    .option(
      '--page <file>',
      'of a fine-tuned run: write a page with its confusions and calibration',
    )
    .option('--only <name>', `one evaluator alone: ${names.join(' or ')}`)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna evaluate runs/my-run --data test.jsonl --root videos
  $ lacuna evaluate runs/my-run --data test.jsonl --only retrieval --clips 1000
  $ lacuna evaluate runs/finetuned --data test.jsonl --views 5x3 --page classes.html`,
    )
    .action(evaluateRun);
}

async function evaluateRun(run: string, flags: EvaluateFlags): Promise<void> {
  const { data, clips, only, views } = flags;
  if ((await taskOf(run)) === 'finetune') {
    const { result, lines } = await judgeClassifier(run, flags);
    return flags.json === true ? printJson(result) : console.log(lines.join('\n'));
  }
  const [flag, given] = views === undefined ? ['--page', flags.page] : ['--views', views];
  if (given !== undefined) {
    throw new LacunaError({
      where: flag,
      what: 'this is for classifiers, and this run is none',
      got: given,
      fix: 'Leave it out, or name a run of `lacuna finetune`.',
    });
  }
  const chosen = EVALUATORS.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new LacunaError({
      where: '--only',
      what: 'there is no such evaluator',
      got: `"${only}"`,
      expected: `one of ${EVALUATORS.map(({ name }) => name).join(', ')}`,
    });
  }
  const { list, root } = await readData(data, flags, note);
  const records = list.records.slice(0, clips);
  await checkDataFolder(root, records);
  const display = new EvaluationDisplay(process.stderr);
  const evaluations: object[] = [];
  const model = await loadModel(run, openBackend, note);
  try {
    await withTeacher(model, note, async (whole) => {
      const suited = chosen.filter((each) => lackingFor(each, whole.settings).length === 0);
      // One that was asked for by name says itself what the model lacks.
      for (const evaluator of only === undefined ? suited : chosen) {
        display.begins(evaluator.name);
        const result = await evaluate(evaluator, whole, records, root, display);
        const leftOut = display.ends();
        const protocol = evaluator.protocol?.(result);
        const scores = evaluator.scores(result);
        const clips = records.length - leftOut;
        evaluations.push({ evaluator: evaluator.name, clips, leftOut, protocol, scores });
        if (flags.json === true) continue;
        const judged = `${leftOut === 0 ? '' : `${records.length - leftOut} of `}${records.length}`;
        console.log(`${evaluator.name} on ${judged} clips of ${data}`);
        if (protocol !== undefined) console.log(`  ${protocol}`);
        for (const [name, score] of Object.entries(scores)) {
          console.log(`  ${name.padEnd(28)} ${Number(score.toPrecision(4))}`);
        }
      }
    });
    if (flags.json === true) printJson({ run, data, evaluations });
  } finally {
    await model.backend.dispose();
  }
}
