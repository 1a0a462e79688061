import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import {
  EXPORT_MODEL_NAMES,
  ExportedRun,
  type ExportModelName,
  type ExportRecord,
  exportHuggingFace,
  exportTorch,
  type License,
  requireLicense,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { exportOnnx } from '../export/export-onnx.js';
import { note } from '../note.js';
import { byteSize } from '../options/byte-size.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { TerminalLine } from '../terminal-line.js';
import { version } from '../version.js';

const FORMATS = ['hf', 'onnx', 'torch'] as const;
type Format = (typeof FORMATS)[number];

interface ExportFlags {
  readonly format: Format;
  readonly output?: string;
  readonly model?: ExportModelName;
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
  readonly maxShardSize?: number;
  readonly json?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .description(
      "Writes the weights of a run's last good checkpoint for other programs, with a card, every setting of the run and what\n" +
        'it was worth.\n' +
        '  hf     a folder that Hugging Face transformers load, no key missing and none unexpected\n' +
        '  onnx   encoders from frames as they are decoded (u8), any batch, standard operators (opset 20); of a fine-tuned run logits\n' +
        '  torch  checkpoint.pth, as the scripts of MCG-NJU/VideoMAE load it by torch.load, also with weights_only=True\n' +
        'A model that a format cannot hold is refused, with the settings that stand against it.',
    )
    .argument('<run>', 'the run folder')
    .addOption(new Option('--format <format>', 'see above').choices(FORMATS).default('hf'))
    .option('--output <folder>', 'new folder to write (default: exports/RUN-FORMAT)')
    .addOption(
      new Option(
        '--model <name>',
        'with hf: which model (default: the first that has all of the run)',
      ).choices(EXPORT_MODEL_NAMES),
    )
    .option(
      '--license <id>',
      'the licence of the weights, for the card: apache-2.0, cc-by-nc-4.0, other, ... (default: stated as not stated)',
    )
    .option('--license-name <name>', 'with --license other: what the licence is called')
    .option('--license-link <address>', 'with --license other: where it can be read')
    .option(
      '--max-shard-size <size>',
      'with hf: size of a file beyond which the weights go on in another (default: 5GB)',
      byteSize,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna export runs/my-run --license apache-2.0
  $ lacuna export runs/my-run --license other --license-name my-licence --license-link https://example.org/licence
  $ lacuna export runs/my-run --model videomae-encoder --output my-encoder
  $ lacuna export runs/my-run --model distilbert
  $ lacuna export runs/my-run --max-shard-size 500MB
  $ lacuna export runs/my-classifier --model videomae-classifier
  $ lacuna export runs/my-run --format onnx
  $ lacuna export runs/my-run --format torch
  $ lacuna inspect exports/my-run-hf
  $ lacuna pretrain --data captions.jsonl --init exports/my-run-hf`,
    )
    .action(exportRun);
}

async function exportRun(folder: string, flags: ExportFlags): Promise<void> {
  const { format, model, maxShardSize, json = false } = flags;
  const { license, licenseName, licenseLink } = flags;
  const stated: License = {
    ...(license === undefined ? {} : { license }),
    ...(licenseName === undefined ? {} : { licenseName }),
    ...(licenseLink === undefined ? {} : { licenseLink }),
  };
  requireLicense(stated);
  if (maxShardSize !== undefined && format !== 'hf') {
    throw new LacunaError({
      where: '--max-shard-size',
      what: 'only the weights for transformers are cut into several files',
      got: `--format ${format}`,
      fix: 'Leave it out, or write --format hf.',
    });
  }
  const output = flags.output ?? join('exports', `${basename(resolve(folder))}-${format}`);
  const line = new TerminalLine(process.stderr);
  const run = await ExportedRun.open(folder, note);
  let record: ExportRecord;
  try {
    record = await WRITERS[format](run, output, {
      version: version(),
      ...(model === undefined ? {} : { model }),
      ...stated,
      ...(maxShardSize === undefined ? {} : { maxShardBytes: maxShardSize }),
      onProgress: (done, total) => line.show(`writing ${done} of ${total}`),
    });
  } finally {
    line.clear();
    await run.close();
  }
  if (json) return printJson({ output, ...record });
  console.log(`${output}: ${record.model}, after ${record.step} steps\n`);
  for (const [name, { bytes, sha256 }] of Object.entries(record.files)) {
    console.log(`  ${name.padEnd(26)} ${String(bytes).padStart(12)} bytes  ${sha256.slice(0, 12)}`);
  }
  const { count, names } = record.leftOut;
  if (count > 0)
    console.log(`\nLeft out, since this format has no place for them: ${count} tensors`);
  for (const name of names) console.log(`  ${name}`);
  console.log(`\n${join(output, 'README.md')} says how it is loaded.`);
  if (license === undefined) console.log('No licence is stated: --license ID states one.');
}

const WRITERS: Readonly<Record<Format, typeof exportHuggingFace>> = {
  hf: exportHuggingFace,
  onnx: exportOnnx,
  torch: exportTorch,
};
