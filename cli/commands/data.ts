import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { duration } from '../../core/duration.js';
import { checkDataSet, writeClipList } from '../../data/index.js';
import { replaceFile } from '../../formats/index.js';
import { LacunaError } from '../../spec/index.js';
import { type CheckPageInput, checkPage, howAlike, summary } from '../data/check-page.js';
import { describeFailure } from '../failure.js';
import { note } from '../note.js';
import { jsonOption, printJson } from '../options/json-option.js';
import {
  type DataFlags,
  type NamedData,
  partsOption,
  readData,
  requireTestList,
  splitOption,
  testSplitOption,
  videoOption,
} from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { stopSignal } from '../stop-signal.js';
import { TerminalLine } from '../terminal-line.js';
import { wholeNumber } from '../whole-number.js';

interface CheckFlags extends DataFlags {
  readonly test?: string;
  readonly testRoot?: string;
  readonly testSplit?: string;
  readonly listOnly?: boolean;
  readonly quick?: boolean;
  readonly workers: number;
  readonly page: string;
  readonly json?: boolean;
}

interface ConvertFlags extends DataFlags {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const WHAT =
  'a list, the annotation file of a public set (docs/data.md has all), or a folder of videos, with captions beside them';

export function dataCommand(): Command {
  return new Command('data')
    .description('Says what a data set holds and what of it is broken, and writes it as one list.')
    .addCommand(checkCommand())
    .addCommand(convertCommand());
}

function checkCommand(): Command {
  return new Command('check')
    .summary('Looks at every video of a data set and writes a page about it.')
    .description(
      'Looks at every video of a data set and writes a page: every broken file and what\n' +
        'training does with it, duplicates (also between two lists, also of other codecs and\n' +
        'sizes, and clips cut out of a video of the other list), durations, codecs, sizes, captions. Every frame is decoded, unless --quick\n' +
        'is given. Ends with 1 where a file is broken, with 2 where the list is none.',
    )
    .argument('<data>', WHAT)
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option('--test <data>', 'the data that are judged by: duplicates between both are told')
    .addOption(testSplitOption())
    .option('--test-root <folder>', 'the folder that their paths start from (default: as --root)')
    .option('--list-only', 'read the list, and look for no videos')
    .option('--quick', 'decode a few frames of each video, not all: damage elsewhere is not seen')
    .addOption(
      new Option('--workers <n>', 'threads that decode')
        .argParser(wholeNumber(1, 256))
        .default(Math.max(1, availableParallelism()), 'the cores of this machine'),
    )
    .option('--page <file>', 'the page to write', 'data-check.html')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna data check videos
  $ lacuna data check captions.jsonl --root videos
  $ lacuna data check MSRVTT_data.json --split MSRVTT_train.9k.csv --test MSRVTT_JSFUSION_test.csv --root MSRVTT/videos
  $ lacuna data check val_1.json --parts --root ActivityNet --video v_{}.mkv --quick
  $ lacuna data check something-something-v2-train.json --list-only`,
    )
    .action(check);
}

function convertCommand(): Command {
  return new Command('convert')
    .summary('Writes a data set as a JSON Lines list.')
    .description(
      'Writes what a data set says as a JSON Lines list, which every command takes: with\n' +
        'the split, the parts and the paths that are asked for here.',
    )
    .argument('<data>', WHAT)
    .option('--output <list>', 'JSON Lines list to write', 'captions.jsonl')
    .option('--overwrite', 'replace the list if it is there')
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna data convert MSRVTT_data.json --split train --output train.jsonl
  $ lacuna data convert val_1.json --parts --output moments.jsonl
  $ lacuna data convert videos --output captions.jsonl`,
    )
    .action(convert);
}

async function check(data: string, flags: CheckFlags): Promise<void> {
  const notes: string[] = [];
  const told = (sentence: string): void => {
    notes.push(sentence);
    note(sentence);
  };
  const { listOnly = false, quick = false, json = false, root, testRoot = root, test } = flags;
  const { split: _, testSplit, ...others } = flags; // the split is that of the first list
  const testFlags: DataFlags = {
    ...others,
    pictures: true,
    ...(testSplit === undefined ? {} : { split: testSplit }),
    ...(testRoot === undefined ? {} : { root: testRoot }),
  };
  requireTestList(flags);
  let train: NamedData;
  let judged: NamedData | undefined;
  try {
    train = await readData(data, { ...flags, pictures: true }, told);
    judged = test === undefined ? undefined : await readData(test, testFlags, told);
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    console.error(describeFailure(error));
    process.exitCode = 2;
    return;
  }
  const { records, format } = train.list;
  if (listOnly) {
    const captions = records.reduce((sum, record) => sum + record.captions.length, 0);
    if (json) return printJson({ data, format, records: records.length, captions });
    console.log(`${data}: ${format}, ${records.length} records, ${captions} captions.`);
    return;
  }
  const line = new TerminalLine(process.stderr);
  const { signal, arm } = stopSignal('Stopping; the page is written of what was looked at.');
  arm();
  const begin = performance.now();
  const onProgress = (done: number, total: number, bad: number): void => {
    const seconds = (performance.now() - begin) / 1000;
    const left = duration((seconds / done) * (total - done));
    line.show(`${done}/${total} videos  ${bad} broken  ${left} left`, done === total);
  };
  const found = await checkDataSet(
    { records, root: train.root },
    {
      workers: flags.workers,
      decodeAll: !quick,
      signal,
      onProgress,
      ...(judged === undefined
        ? {}
        : { test: { records: judged.list.records, root: judged.root } }),
    },
  );
  line.end();
  const all = [...records, ...(judged?.list.records ?? [])];
  const input: CheckPageInput = {
    name: data,
    format,
    records: all,
    check: found,
    notes,
    decodedAll: !quick,
  };
  await replaceFile(flags.page, checkPage(input));
  report(input, json, flags.page);
  if (found.videos.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
}

function report(input: CheckPageInput, json: boolean, page: string): void {
  const { videos, duplicates } = input.check;
  if (json) {
    const facts = videos.map(({ fingerprint: _, trace: __, ...rest }) => rest);
    const { name: data, format, records, decodedAll } = input;
    const counted = { records: records.length, decodedAll, page };
    printJson({ data, format, ...counted, videos: facts, duplicates });
    return;
  }
  for (const { video, faults } of videos) {
    if (faults.length > 0) console.log(`${video}: ${faults.join('; ')}`);
  }
  for (const { videos: same, isAcross, ...how } of duplicates) {
    console.log(`${same.join(', ')}: ${howAlike(how)}${isAcross ? ', in both lists' : ''}`);
  }
  console.log(`\n${summary(input).join(' ')}\nThe page is in ${page}`);
}

async function convert(data: string, flags: ConvertFlags): Promise<void> {
  const { output, overwrite = false } = flags;
  if (!overwrite && (await stat(output).catch(() => undefined)) !== undefined) {
    throw new LacunaError({
      where: output,
      what: 'the list is there already',
      fix: 'Add --overwrite, or name another with --output.',
    });
  }
  const { list } = await readData(data, { ...flags, pictures: true }, note);
  const { records, format } = list;
  await writeClipList(output, records);
  if (flags.json === true) printJson({ output, data, format, records: records.length });
  else console.log(`${output}: ${records.length} records of ${data} (${format}).`);
}
