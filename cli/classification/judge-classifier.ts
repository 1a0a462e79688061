import { checkDataFolder } from '../../data/index.js';
import {
  type CombinedResult,
  classificationProtocol,
  classify,
  combinedResult,
  confusedClips,
  confusedVideos,
  type HeadResult,
  headResults,
  worstConfusions,
} from '../../evaluation/index.js';
import { replaceFile } from '../../formats/whole-file.js';
import { finetuningOf, loadClassifier, requireKnownLabels } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { type DataFlags, readData } from '../options/list-options.js';
import { percent, shareText } from '../share-text.js';
import { classificationPage } from './classification-page.js';
import { storeClassification } from './stored-classification.js';

/** Which clips a classifier is judged by, and how. */
export interface JudgeFlags extends DataFlags {
  readonly data: string;
  readonly clips?: number;
  /** `5x3`. @defaultValue those of the run's recipe */
  readonly views?: string;
  /** Where to write a page about it. */
  readonly page?: string;
  /** Whether the run's report shows what it comes to. @defaultValue false */
  readonly keep?: boolean;
}

/** Confusions that are told of. */
const SHOWN = 5;
/** Confusions that the page has a clip of. */
const PLAYED = 24;

/** What a classifier is worth, as `--json` tells it and in lines for a person. */
export interface ClassifierVerdict {
  readonly result: object;
  readonly lines: readonly string[];
}

/** Judges the classifier of a fine-tuned run, with the protocol, and writes the page that is asked for. */
export async function judgeClassifier(run: string, flags: JudgeFlags): Promise<ClassifierVerdict> {
  const { data, clips } = flags;
  const { list, root } = await readData(data, flags, note);
  const records = list.records.slice(0, clips);
  await checkDataFolder(root, records);
  const display = new EvaluationDisplay(process.stderr);
  const classifier = await loadClassifier(run, openBackend, note);
  try {
    const { heads, settings, step } = classifier;
    requireKnownLabels(records, heads, data);
    const views = flags.views === undefined ? finetuningOf(settings).views : viewsOf(flags.views);
    display.begins('classification');
    const result = await classify(classifier, records, root, views, display);
    display.ends();
    const protocol = classificationProtocol(classifier, result);
    const results = headResults(heads, result);
    const combined = combinedResult(heads, result);
    const told = { data, protocol, heads: results, combined };
    if (flags.keep === true) await storeClassification(run, told);
    const { page } = flags;
    if (page !== undefined) {
      const confused = [];
      for (const head of results) {
        const videos = confusedVideos(head, result, PLAYED);
        confused.push(await confusedClips(classifier, videos, root, display));
      }
      const { clip } = settings;
      await replaceFile(page, classificationPage({ ...told, run, confused, clip }));
    }
    return {
      result: toldResult(
        { run, data, step, protocol, clips: result.records.length },
        results,
        combined,
      ),
      lines: [
        `classification on ${result.records.length} clips of ${data}, after step ${step}`,
        `  ${protocol}`,
        ...results.flatMap((head) => headLines(head, heads.length > 1).map((line) => `  ${line}`)),
        ...combinedLines(combined).map((line) => `  ${line}`),
        ...(page === undefined ? [] : [`The page is in ${page}`]),
      ],
    };
  } finally {
    await classifier.backend.dispose();
  }
}

/** `5x3`: clips in time by crops in space. @throws LacunaError for anything else. */
export function viewsOf(text: string): { readonly clips: number; readonly crops: number } {
  const [, clips, crops] = /^([1-9]\d?)x([1-9]\d?)$/.exec(text) ?? [];
  if (clips !== undefined && crops !== undefined)
    return { clips: Number(clips), crops: Number(crops) };
  throw new LacunaError({
    where: '--views',
    what: 'these are no views',
    got: text,
    expected: 'clips in time by crops in space, such as 5x3 or 1x1',
  });
}

/** What `--json` tells: the protocol, and of each head what a page shows. */
function toldResult(
  {
    run,
    data,
    step,
    protocol,
    clips,
  }: Readonly<Record<'run' | 'data' | 'protocol', string>> &
    Readonly<Record<'step' | 'clips', number>>,
  results: readonly HeadResult[],
  combined: CombinedResult | undefined,
): object {
  const heads = results.map(({ head, confusion, ...scores }) => ({
    ...head,
    ...scores,
    confusion: confusion.map((row) => [...row]),
  }));
  return {
    run,
    data,
    evaluations: [
      {
        ...{ evaluator: 'classification', clips, step, protocol, heads },
        ...(combined === undefined ? {} : { combined }),
      },
    ],
  };
}

/** What several heads are worth together. */
function combinedLines(combined: CombinedResult | undefined): readonly string[] {
  if (combined === undefined) return [];
  const name = combined.names.join(' and ');
  return [
    `${`${name} top-1`.padEnd(28)} ${shareText(combined.top1)}`,
    `${`${name} top-5`.padEnd(28)} ${shareText(combined.top5)}`,
  ];
}

/** What a head is worth, a line a number. */
function headLines(result: HeadResult, named: boolean): readonly string[] {
  const { head, top1, top5, meanClass, chance, majority, calibration } = result;
  const name = (text: string): string => (named ? `${head.name} ${text}` : text).padEnd(28);
  return [
    `${name('top-1')} ${shareText(top1)}`,
    `${name('top-5')} ${shareText(top5)}`,
    `${name('mean of classes, top-1')} ${percent(meanClass)}`,
    `${name('chance')} ${percent(chance)}, always the most frequent class ${percent(majority)}`,
    `${name('calibration error')} ${percent(calibration.error)}`,
    ...worstConfusions(result, SHOWN).map(
      ({ right, said, count, of }) =>
        `${name('taken for another')} ${count} of ${of} of "${right}" for "${said}"`,
    ),
  ];
}
