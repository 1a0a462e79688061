import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { duration } from '../../core/duration.js';
import {
  indexShards,
  makeShards,
  PICTURE_FORMATS,
  type PictureFormat,
  SHARD_CONTENTS,
  type ShardContent,
  type ShardProblem,
  type ShardRecipe,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import { note } from '../note.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  type DataFlags,
  partsOption,
  readData,
  splitOption,
  videoOption,
} from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { stopSignal } from '../stop-signal.js';
import { TerminalLine } from '../terminal-line.js';
import { wholeNumber } from '../whole-number.js';

interface ShardFlags extends DataFlags {
  readonly output?: string;
  readonly index?: boolean;
  readonly content: ShardContent;
  readonly clipsPerShard: number;
  readonly frames?: PictureFormat;
  readonly size: number;
  readonly quality?: number;
  readonly rate?: number;
  readonly workers: number;
  readonly json?: boolean;
}

/** Problems that are told one by one; of more only the count is. */
const SHOWN_PROBLEMS = 20;
const MIB = 2 ** 20;

export function shardCommand(): Command {
  return new Command('shard')
    .summary('Puts the clips of a data set into WebDataset shards, which training reads in place.')
    .description(
      'Puts the clips of a data set into WebDataset shards: tars with, of each clip, an H.264\n' +
        'file with a key frame a second (or its frames as pictures), its captions and labels (.json) and its first caption\n' +
        '(.txt). The Python packages webdataset and Energon read them; `lacuna pretrain --data\n' +
        'FOLDER` and every other command that takes a list do, too. A shard is whole or not\n' +
        'there: the same command goes on where it ended. Parts of videos become clips.',
    )
    .argument('<data>', 'a list, the annotation file of a public set, or a folder of videos')
    .option('--output <folder>', 'the folder of the shards')
    .option('--index', 'make the index of a folder of tars that somebody wrote, and nothing else')
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(
      new Option('--content <way>', 'encode clips again, or copy their bytes')
        .choices(SHARD_CONTENTS)
        .default('video'),
    )
    .addOption(
      new Option(
        '--frames <format>',
        'in place of a video of each clip, its frames, each a picture of its own: no frame needs others to be decoded',
      )
        .choices(PICTURE_FORMATS)
        .conflicts('content'),
    )
    .option(
      '--size <pixels>',
      'the shorter side of an encoded clip; smaller ones stay',
      wholeNumber(16, 4096),
      256,
    )
    .option(
      '--quality <n>',
      "x264's rate factor, 0 to 51 (default: 20); of --frames jpeg the quantiser, 2 to 31 (default: 3): less is better and larger",
      wholeNumber(0, 51),
    )
    .option(
      '--rate <fps>',
      'frames a second of an encoded clip; faster ones lose frames, slower ones stay (default: all frames)',
      rateOf,
    )
    .option('--clips-per-shard <n>', 'clips of a shard', wholeNumber(1, 100_000), 1000)
    .addOption(
      new Option('--workers <n>', 'threads, each at a shard of its own')
        .argParser(wholeNumber(1, 256))
        .default(Math.max(1, availableParallelism()), 'the cores of this machine'),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna shard captions.jsonl --root videos --output shards
  $ lacuna shard MSRVTT_data.json --split MSRVTT_train.9k.csv --root MSRVTT/videos --output shards --workers 8
  $ lacuna shard captions.jsonl --root videos --output shards --frames jpeg --quality 4 --size 256 --rate 8
  $ lacuna shard videos --output shards --content copy --clips-per-shard 500
  $ lacuna shard downloaded-tars --index
  $ lacuna pretrain --data shards`,
    )
    .action(shard);
}

async function shard(data: string, flags: ShardFlags): Promise<void> {
  if (flags.index === true) return index(data, flags.json);
  const { output, clipsPerShard, size, rate, workers } = flags;
  if (output === undefined) {
    throw new LacunaError({
      where: '--output',
      what: 'no folder for the shards is named',
      fix: 'For example: lacuna shard captions.jsonl --root videos --output shards',
    });
  }
  const { list, root } = await readData(data, { ...flags, pictures: true }, note);
  const content = contentOf(flags);
  if (rate !== undefined && content.content === 'copy') {
    throw new LacunaError({
      where: '--rate',
      what: 'clips that are stored as they are (copy) keep their rate',
      got: String(rate),
      fix: 'Leave it out.',
    });
  }
  const line = new TerminalLine(process.stderr);
  const { signal, arm } = stopSignal('Stopping after these clips; shards that are whole stay.');
  arm();
  const begin = performance.now();
  let told = 0;
  const made = await makeShards(list, root, output, {
    recipe: { ...content, clipsPerShard, size, ...(rate === undefined ? {} : { rate }) },
    workers,
    signal,
    onProblem: ({ reason }: ShardProblem) => {
      if (told++ < SHOWN_PROBLEMS) line.line(reason);
    },
    onProgress: (done, total, skipped, kept) => {
      const seconds = (performance.now() - begin) / 1000;
      const own = done - kept;
      const left = own === 0 ? '-' : duration((seconds / own) * (total - done));
      const rate = (own / seconds).toFixed(1);
      line.show(
        `${done}/${total} clips  ${skipped} left out  ${rate} clips/s  ${left} left`,
        done === total,
      );
    },
  });
  line.end();
  if (told > SHOWN_PROBLEMS) note(`${told - SHOWN_PROBLEMS} clips more have problems.`);
  const { shards, found, samples, skipped, bytes, finished } = made;
  if (!finished) process.exitCode = 130;
  if (flags.json === true) return printJson({ output, ...made });
  const kept = found === 0 ? '' : `, ${found} of them from before`;
  const left = skipped === 0 ? '' : ` ${skipped} clips are left out.`;
  console.log(
    `${output}: ${shards} shards${kept}, ${samples} clips, ${(bytes / MIB).toFixed(1)} MiB.${left}`,
  );
  console.log(
    finished
      ? `Train on them with: lacuna pretrain --data ${output}`
      : 'Not all shards are there; the same command goes on.',
  );
}

/** Frames a second, as `--rate` takes them. */
function rateOf(text: string): number {
  const rate = Number(text);
  if (rate >= 0.1 && rate <= 1000) return rate;
  throw new InvalidArgumentError('it must be a number from 0.1 to 1000.');
}

/** Rate factors of x264, and quantisers of JPEG: the bounds, and what is usual. */
const QUALITIES = {
  video: { least: 0, most: 51, usual: 20 },
  jpeg: { least: 2, most: 31, usual: 3 },
};

/** How clips are to lie in the shards. @throws LacunaError for a quality that this has not */
function contentOf({
  content,
  frames,
  quality,
}: ShardFlags): Pick<ShardRecipe, 'content' | 'quality'> {
  const way = frames ?? content;
  const { least, most, usual } = way === 'jpeg' ? QUALITIES.jpeg : QUALITIES.video;
  const isUsed = way === 'video' || way === 'jpeg';
  if (quality === undefined) return { content: way, quality: usual };
  if (isUsed && quality >= least && quality <= most) return { content: way, quality };
  throw new LacunaError({
    where: '--quality',
    what: isUsed ? 'there is no such quality' : `clips that are stored so (${way}) have no quality`,
    got: String(quality),
    ...(isUsed
      ? { expected: `a whole number from ${least} to ${most}` }
      : { fix: 'Leave it out.' }),
  });
}

async function index(folder: string, isJson = false): Promise<void> {
  const line = new TerminalLine(process.stderr);
  const made = await indexShards(folder, (done, total) =>
    line.show(`${done}/${total} shards`, done === total),
  );
  line.end();
  if (isJson) return printJson({ output: folder, ...made });
  const { shards, samples, bytes, withoutClip, badCaptions } = made;
  if (withoutClip > 0)
    note(`${withoutClip} samples have no video and no picture, and are left out.`);
  const [first] = badCaptions;
  if (first !== undefined) note(`${badCaptions.length} captions are left out. The first: ${first}`);
  console.log(`${folder}: ${shards} shards, ${samples} clips, ${(bytes / MIB).toFixed(1)} MiB.`);
}
