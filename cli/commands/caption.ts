import { stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import {
  type ClipRecord,
  type DataRoot,
  dataRootOf,
  listFile,
  listFolder,
  named,
  readClipList,
  readLabelNames,
  requireNothingAsked,
  rootFolder,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import {
  type CaptionResult,
  type CaptionSource,
  endpointCaptions,
  endpointRequests,
  labelCaptions,
  makeCaptions,
  modelCaptions,
} from '../../teacher/index.js';
import { CaptionDisplay } from '../caption-display.js';
import {
  type CaptionFlags,
  captionerOptions,
  endpointOptions,
  KEY_VARIABLE,
  needed,
  type SourceName,
  sourceName,
} from '../caption-options.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { collect, followLinksOption, rootOption } from '../options/shared-options.js';
import { stopSignal } from '../stop-signal.js';

export function captionCommand(): Command {
  return new Command('caption')
    .description(
      'Writes captions for videos as a list for `lacuna pretrain`. They come from\n' +
        '  model     an image captioner on this machine: one for each of 3 key frames\n' +
        '  labels    the label of each video, in a sentence\n' +
        '  endpoint  a language model behind an OpenAI-compatible address: it is sent\n' +
        '            the labels, and nothing of the videos\n' +
        'An interrupted run goes on when the same command is given again.',
    )
    .argument(
      '<videos>',
      'a folder of videos (with all folders below it), a list of them, or shards',
      listFile,
    )
    .option('--source <name>', 'model, labels or endpoint')
    .option('--output <list>', 'JSON Lines list to write', 'captions.jsonl')
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option('--overwrite', 'replace the list if it is there')
    .option('--restart', 'throw away what an interrupted run has captioned')
    .option('--labels-from-folders', "a video's label is the name of its folder")
    .option('--label-names <file>', 'names for labels that are numbers: one a line, from 0')
    .option(
      '--model <folder or name>',
      'the captioner (a folder), or the model of the endpoint (a name)',
    )
    .option('--frames <n>', 'model: key frames of a video (default: 3)')
    .option('--dtype <type>', 'model: fp32, fp16, q8, int8, uint8, q4 or q4f16 (default: fp32)')
    .option('--instruction <text>', 'model: what to ask of it, where it takes instructions')
    .option('--max-tokens <n>', 'longest caption in tokens (default: 64)')
    .option(
      '--template <text>',
      'labels: the sentence, repeatable (default: "a video of {label}")',
      collect,
    )
    .option('--endpoint <address>', 'endpoint: its base, like http://localhost:11434/v1')
    .option(
      '--key-variable <name>',
      `endpoint: environment variable of its key (default: ${KEY_VARIABLE})`,
    )
    .option(
      '--prompt <text>',
      "endpoint: what to ask of a {label}, repeatable (default: TGM's three)",
      collect,
    )
    .option('--temperature <t>', 'endpoint: 0 to 2 (default: 0.7)')
    .option('--concurrency <n>', 'endpoint: labels asked for at once (default: 2)')
    .option('--timeout <seconds>', 'endpoint: for one request (default: 60)')
    .option('--retries <n>', 'endpoint: repetitions of a request that failed (default: 5)')
    .option('--dry-run', 'endpoint: print the requests that would be sent, and their number')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna caption videos --source model --model models/vit-gpt2-image-captioning
  $ lacuna caption kinetics --labels-from-folders --source labels
  $ lacuna caption list.csv --label-names classes.txt --source labels --template "a person {label}"
  $ lacuna caption list.jsonl --source endpoint --endpoint http://localhost:11434/v1 --model llama3.2 --dry-run
  $ lacuna pretrain --data captions.jsonl --root videos`,
    )
    .action(caption);
}

async function caption(
  videos: string,
  flags: CaptionFlags & { readonly json?: boolean },
): Promise<void> {
  const name = sourceName(flags);
  const display = new CaptionDisplay(process.stderr);
  const { records, root } = await videosOf(videos, flags, display);
  if (flags.dryRun === true) return dryRun(records, flags);
  const message = 'Stopping; the captions made so far are kept.';
  await using source = await openSource(name, records, root, flags);
  const { output, overwrite = false, restart = false } = flags;
  const { signal, arm } = stopSignal(message);
  arm();
  const options = { output, overwrite, restart, signal };
  try {
    const result = await makeCaptions(records, source, { ...options, onEvent: display.show });
    display.end();
    if (!result.finished) process.exitCode = 130;
    if (flags.json === true) printJson({ output, videos: records.length, ...result });
    else summarise(result, records, root, output);
  } finally {
    display.end();
  }
}

async function openSource(
  name: SourceName,
  records: readonly ClipRecord[],
  root: DataRoot,
  flags: CaptionFlags,
): Promise<CaptionSource> {
  if (name === 'labels') return labelCaptions(records, flags.template);
  if (name === 'model') {
    const folder = needed(flags, 'model', 'models/vit-gpt2-image-captioning');
    return modelCaptions(records, { folder, root, ...captionerOptions(flags) });
  }
  return endpointCaptions(records, endpointOptions(flags));
}

/** The videos of a folder or a list, and the folder that their paths start from. */
async function videosOf(
  videos: string,
  { root, followLinks = false, labelsFromFolders = false, labelNames, ...choice }: CaptionFlags,
  display: CaptionDisplay,
): Promise<{ readonly records: readonly ClipRecord[]; readonly root: DataRoot }> {
  const isFolder = await stat(videos).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  const [stray, of] = isFolder ? [root, 'a list'] : [labelsFromFolders || undefined, 'a folder'];
  if (stray !== undefined) {
    throw new LacunaError({
      where: isFolder ? '--root' : '--labels-from-folders',
      what: `this is an option for ${of} of videos`,
      got: videos,
    });
  }
  const onNote = (sentence: string): void => display.line(sentence);
  let records: readonly ClipRecord[];
  if (isFolder) {
    requireNothingAsked(choice, videos);
    records = (await listFolder(videos, { labelsFromFolders, followLinks, onNote })).records;
  } else {
    records = (await readClipList(videos, onNote, choice)).records;
  }
  if (labelNames !== undefined) {
    records = named(records, await readLabelNames(labelNames), labelNames);
  }
  display.line(`${records.length} videos in ${videos}`);
  return {
    records,
    root: dataRootOf(isFolder ? videos : (root ?? dirname(videos)), followLinks),
  };
}

/** Prints what would be sent, a line of JSON a request, or all in one document; the key is not among it. */
function dryRun(
  records: readonly ClipRecord[],
  flags: CaptionFlags & { readonly json?: boolean },
): void {
  const { url, requests } = endpointRequests(records, endpointOptions(flags));
  if (flags.json === true) printJson({ url, requests });
  else for (const request of requests) console.log(JSON.stringify(request));
  console.error(`${requests.length} requests would go to ${url}; nothing was sent.`);
}

function summarise(
  { finished, captioned, leftOut, distinctCaptions }: CaptionResult,
  records: readonly ClipRecord[],
  root: DataRoot,
  output: string,
): void {
  if (!finished) {
    console.log(
      `Stopped with captions for ${captioned} of ${records.length} videos. Give the same command again to go on.`,
    );
    return;
  }
  const rest = leftOut === 0 ? '' : `, ${leftOut} left out`;
  const folder = rootFolder(root);
  const start = relative(resolve(dirname(output)), resolve(folder));
  const links = typeof root === 'string' ? '' : ' --follow-links';
  console.log(
    `${output}: ${captioned} videos${rest}, ${distinctCaptions} different captions.\n` +
      `Pretrain on it: lacuna pretrain --data ${output}${start === '' ? '' : ` --root ${folder}`}${links}`,
  );
}
