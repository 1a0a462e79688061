import { Command, Option } from 'commander';
import {
  checkDataFolder,
  SIMILARITY_FORMS,
  SimilarityStore,
  wholeVideos,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import {
  makeSimilarityMaps,
  type SimilarityOptions,
  similarityRecipe,
} from '../../teacher/index.js';
import { note } from '../note.js';
import { openAligner } from '../open-aligner.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  type DataFlags,
  partsOption,
  readData,
  splitOption,
  videoOption,
} from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { similarityLine, similaritySummary } from '../similarity-line.js';
import { stopSignal } from '../stop-signal.js';
import { TerminalLine } from '../terminal-line.js';
import { wholeNumber } from '../whole-number.js';

const count = wholeNumber(1, 1024);

interface SimilarityFlags extends SimilarityOptions, DataFlags {
  readonly data: string;
  readonly teacher: string;
  readonly output: string;
  readonly json?: boolean;
}

export function similarityCommand(): Command {
  return new Command('similarity')
    .description(
      'Makes the similarity maps that text-guided masks are drawn from: how much each part of each\n' +
        'frame is like each caption, by a frozen teacher. What is there already is kept, so a second\n' +
        'call goes on where the first was stopped.',
    )
    .requiredOption(
      '--data <list>',
      'JSON Lines (video, captions), annotations of a public set, or shards',
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .requiredOption(
      '--teacher <folder>',
      'CLIP or SigLIP as ONNX files, or a run folder of lacuna pretrain (contrastive)',
    )
    .requiredOption(
      '--output <folder>',
      'where the maps go; pretraining names it as data.similarity',
    )
    .addOption(
      new Option(
        '--form <name>',
        'dense: patch tokens of one pass a frame; patches: each part of a frame resized and embedded by itself, as in the TGM paper (some hundred times the cost)',
      )
        .choices(SIMILARITY_FORMS)
        .default('dense'),
    )
    .option(
      '--stride <n>',
      'frames between two maps (default: 4; 1 makes one of every frame)',
      count,
    )
    .option('--cells <n>', "form patches: cells along a frame's short side (default: 14)", count)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna similarity --data captions.jsonl --root videos --teacher clip-vit-base-patch32 --output maps
  $ lacuna similarity --data captions.jsonl --teacher runs/aligner --output maps
  $ lacuna similarity --data captions.jsonl --teacher clip --form patches --stride 8 --output paper-maps
  $ lacuna pretrain --data captions.jsonl --set data.similarity=maps --set mask.kind=text-guided`,
    )
    .action(similarity);
}

async function similarity(flags: SimilarityFlags): Promise<void> {
  // Maps are of whole videos: clips of their parts take from them what they need.
  const { list, root } = await readData(flags.data, flags, note);
  const records = wholeVideos(list.records);
  if (records.every(({ captions }) => captions.length === 0)) {
    throw new LacunaError({
      where: flags.data,
      what: 'no clip of this list has a caption, so there is nothing to compare frames with',
      fix: 'Add captions to the list.',
    });
  }
  await checkDataFolder(root, records);
  const line = new TerminalLine(process.stderr);
  const onNote = (text: string): void => {
    line.clear();
    note(text);
  };
  const aligner = await openAligner(flags.teacher, { onNote });
  try {
    const recipe = similarityRecipe(aligner, flags);
    const store = await SimilarityStore.create(flags.output, recipe);
    const { signal, arm } = stopSignal(
      'Stopping after these frames; the videos that are done stay.',
    );
    arm();
    const result = await makeSimilarityMaps({
      records,
      root,
      aligner,
      store,
      signal,
      onNote,
      onProgress: (progress) =>
        line.show(similarityLine(progress), progress.done === progress.total),
    });
    line.end();
    if (flags.json === true) printJson({ output: flags.output, form: recipe.form, ...result });
    else console.log(similaritySummary(result, recipe.form, flags.output));
    if (!result.finished) process.exitCode = 130;
  } finally {
    await aligner.dispose();
  }
}
