import { resolve } from 'node:path';
import { Command } from 'commander';
import { dataRootOf, rootFolder } from '../../data/index.js';
import { indexVideos, modelDigest } from '../../evaluation/index.js';
import { capabilitiesOf, loadModel } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { followLinksOption, indexOption, rootOption } from '../options/shared-options.js';
import { openGallery } from '../retrieval/open-gallery.js';
import { wholeNumber } from '../whole-number.js';

interface IndexFlags {
  readonly model: string;
  readonly index: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly every: number;
  readonly json?: boolean;
}

export function indexCommand(): Command {
  return new Command('index')
    .description(
      'Makes an index of videos and still pictures for `lacuna search`, or brings it up to\n' +
        'date: what was added or changed is embedded, what is gone is dropped. Stopped or\n' +
        'killed, it goes on where it was. See docs/search.md.',
    )
    .argument('<videos>', 'a folder of videos and pictures, or a list of them')
    .requiredOption('--model <run>', 'the run folder of a model that was aligned with text')
    .addOption(indexOption())
    .addOption(rootOption())
    .addOption(followLinksOption())
    .option('--every <frames>', 'frames of a segment, at most', wholeNumber(1, 1e7), 250)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna index videos --model runs/my-run
  $ lacuna index captions.jsonl --root videos --model runs/my-run --index my-index
  $ lacuna index films --model runs/my-run --every 100`,
    )
    .action(index);
}

async function index(videos: string, flags: IndexFlags): Promise<void> {
  const { model: run, index: folder, every } = flags;
  const { records, root } = await openGallery({ ...flags, data: videos, pictures: true });
  const display = new EvaluationDisplay(process.stderr);
  const model = await loadModel(run, openBackend, note);
  try {
    if (!capabilitiesOf(model.settings).aligns) {
      throw new LacunaError({
        where: run,
        what: 'sentences cannot be compared with the videos of this model',
        got: `a run with the objective ${model.settings.objective}`,
        expected: 'a run that was aligned with text',
      });
    }
    display.begins('index');
    const outcome = await indexVideos(model, {
      folder,
      records,
      root: dataRootOf(resolve(rootFolder(root)), flags.followLinks),
      run: resolve(run),
      digest: modelDigest(model),
      every,
      watch: display,
    });
    display.ends();
    if (flags.json === true) return printJson({ index: folder, ...outcome });
    const { embedded, known, removed, leftOut, segments } = outcome;
    console.log(
      `${folder}: ${outcome.videos} videos in ${segments} segments; ${embedded} embedded now, ${known} known, ${removed} removed, ${leftOut} left out.`,
    );
  } finally {
    await model.backend.dispose();
  }
}
