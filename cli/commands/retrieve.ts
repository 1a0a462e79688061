import { Command, Option } from 'commander';
import {
  evaluate,
  extremeQueries,
  type Kept,
  modelDigest,
  protocolText,
  type Retrieval,
  retrievalWith,
  TEXT_CHOICES,
  type TextChoice,
} from '../../evaluation/index.js';
import { replaceFile } from '../../formats/index.js';
import { type LoadedModel, loadModel } from '../../run/index.js';
import { CONVENTION_NAMES, type ConventionName, LacunaError } from '../../spec/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { cacheOption, noCacheOption, openCache } from '../options/cache-option.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { collect, followLinksOption, rootOption } from '../options/shared-options.js';
import { type Gallery, type GalleryFlags, openGallery } from '../retrieval/open-gallery.js';
import { retrievalPage } from '../retrieval/retrieval-page.js';
import {
  marked,
  type RetrievalResult,
  readResult,
  resultOf,
} from '../retrieval/retrieval-result.js';
import { retrievalTable } from '../retrieval/retrieval-table.js';
import { version } from '../version.js';
import { wholeNumber } from '../whole-number.js';
import { withTeacher } from '../with-teacher.js';

interface RetrieveFlags extends GalleryFlags {
  readonly texts: TextChoice;
  readonly prompt?: string;
  readonly windows: number;
  readonly dualSoftmax?: boolean;
  readonly convention: ConventionName;
  /** False for --no-cache. */
  readonly cache: string | boolean;
  readonly beside?: readonly string[];
  readonly page?: string;
  readonly json?: boolean;
}

/** Texts that the page shows of the worst, and of the best. */
const SHOWN = 10;

export function retrieveCommand(): Command {
  return new Command('retrieve')
    .description(
      'Says how well sentences find their videos, and videos their sentences: R@1,\n' +
        'R@5, R@10, the median and the mean rank, each with its whole protocol. Nothing is\n' +
        'masked; frames are decoded on the way, and embeddings are kept by digest, so that a\n' +
        'stopped retrieval goes on, and another protocol is quick. See docs/retrieval.md.',
    )
    .argument('<run>', 'the run folder of a model that was aligned with text')
    .requiredOption(
      '--data <list>',
      'clips: JSON Lines (video, captions, label), the annotation file of a public set, or a folder whose folders are the classes',
    )
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(rootOption())
    .addOption(followLinksOption())
    .option('--clips <n>', 'how many of them, from the first (default: all)', wholeNumber(1, 1e7))
    .addOption(
      new Option(
        '--texts <which>',
        'first: the first caption of a clip; all: each by itself; paragraph: all as one; labels: class names',
      )
        .choices(TEXT_CHOICES)
        .default('first'),
    )
    .option('--label-names <file>', 'names of the classes, that of label 0 first, one a line')
    .option('--prompt <text>', 'what a class name is put into, at {}: "a video of {}"')
    .option(
      '--windows <n>',
      'clips of a video whose embeddings are averaged',
      wholeNumber(1, 64),
      1,
    )
    .option('--dual-softmax', 'weigh by all queries at once: another protocol, and told as such')
    .addOption(
      new Option('--convention <name>', 'whose numbers; `lacuna metrics` tells their rules')
        .choices(CONVENTION_NAMES)
        .default('fair'),
    )
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .option(
      '--beside <file>',
      'an earlier result (--json) in the same table; one of another protocol is marked; repeatable',
      collect,
    )
    .option('--page <file>', 'write a page: ranks, and the texts that fared worst and best')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna retrieve runs/my-run --data test.jsonl --root videos
  $ lacuna retrieve runs/my-run --data MSRVTT_JSFUSION_test.csv --root MSRVTT/videos
  $ lacuna retrieve runs/my-run --data captions_msvd.json --split test_list.txt --root MSVD --texts all
  $ lacuna retrieve runs/my-run --data val_1.json --root videos --texts paragraph --windows 4
  $ lacuna retrieve runs/my-run --data UCF-101 --texts labels --prompt "a video of {}"
  $ lacuna retrieve runs/my-run --data hmdb51.txt --texts labels --label-names classes.txt
  $ lacuna retrieve runs/my-run --data test.jsonl --json > now.json && lacuna retrieve runs/other --data test.jsonl --beside now.json`,
    )
    .action(retrieve);
}

async function retrieve(run: string, flags: RetrieveFlags): Promise<void> {
  const { json = false, page, beside = [] } = flags;
  const earlier: RetrievalResult[] = [];
  for (const path of beside) earlier.push(await readResult(path));
  if (flags.texts !== 'labels' && flags.prompt !== undefined) {
    throw new LacunaError({
      where: '--prompt',
      what: 'only class names are put into a prompt',
      fix: 'Add --texts labels.',
    });
  }
  if (flags.prompt?.includes('{}') === false) {
    throw new LacunaError({
      where: '--prompt',
      what: 'the prompt does not say where the class name goes',
      got: JSON.stringify(flags.prompt),
      expected: 'a text with {}, like "a video of {}"',
    });
  }
  const gallery = await openGallery(flags);
  const display = new EvaluationDisplay(process.stderr);
  const model = await loadModel(run, openBackend, note);
  try {
    const digest = modelDigest(model);
    const found = await search(model, digest, gallery, flags, display);
    const { name, device } = model.backend.info;
    const trainedOnIt = model.manifest.data.digest === gallery.digest;
    const facts = { run, digest, backend: `${name}, ${device}`, trainedOnIt };
    const result = resultOf(found, protocolText(found.protocol), facts, version());
    const results = marked([result, ...earlier]);
    if (page !== undefined) {
      const input = { results, ranks: found.ranks, ...extremeQueries(found, SHOWN) };
      await replaceFile(page, retrievalPage(input));
    }
    if (json) printJson(result);
    else console.log(retrievalTable(results));
    if (page !== undefined && !json) console.log(`\nThe page is in ${page}`);
  } finally {
    await model.backend.dispose();
  }
}

async function search(
  model: LoadedModel,
  digest: string,
  { records, root }: Gallery,
  flags: RetrieveFlags,
  display: EvaluationDisplay,
): Promise<Retrieval> {
  const { data, texts, prompt, windows, dualSoftmax = false, convention } = flags;
  const kept = await keptFor(flags, digest);
  const evaluator = retrievalWith({
    list: data,
    texts,
    windows,
    dualSoftmax,
    convention,
    ...(prompt === undefined ? {} : { prompt }),
    ...(kept === undefined ? {} : { kept }),
  });
  const found = await withTeacher(model, note, (whole) => {
    display.begins(evaluator.name);
    return evaluate(evaluator, whole, records, root, display);
  });
  display.ends();
  if (kept !== undefined) {
    const { found: known, written } = kept.cache.counts;
    note(`Embeddings: ${known} were known, ${written} are kept now.`);
  }
  return found;
}

/** Where embeddings are kept; undefined where they are not. */
async function keptFor({ cache }: RetrieveFlags, model: string): Promise<Kept | undefined> {
  const opened = await openCache(cache, model);
  return opened === undefined ? undefined : { cache: opened, model };
}
