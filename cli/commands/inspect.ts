import { Command } from 'commander';
import { type InspectedTensor, type Inspection, inspect, numbersIn } from '../../run/index.js';
import { note } from '../note.js';
import { jsonOption, printJson } from '../options/json-option.js';

interface InspectFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'Tells what a file or a folder holds: names, types and shapes of its tensors, metadata, counts, the digest.\n' +
        'Known are safetensors, ONNX, NumPy (.npy, .npz) and Parquet files, what Lacuna writes (runs of any task,\n' +
        'checkpoints, exports, sweeps, shards, similarity maps, indices of videos), and models as Hugging Face saves\n' +
        'them. What is listed is read once, for the digest; nothing of it is run.',
    )
    .argument('<path>', 'the file or the folder')
    .option(
      '--all',
      'a line for each tensor (default: one for those that differ in the block alone)',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna inspect model.safetensors
  $ lacuna inspect exports/my-run-onnx/video_encoder.onnx
  $ lacuna inspect vectors.npz
  $ lacuna inspect runs/my-run
  $ lacuna inspect runs/my-run/checkpoints/step-00001000 --all
  $ lacuna inspect sweeps/tgm-mask-ratio
  $ lacuna inspect video-index
  $ lacuna inspect vit-base-patch16-224-in21k --json`,
    )
    .action(async (path: string, { all = false, json = false }: InspectFlags) => {
      const found = await inspect(path, note);
      const numbers = numbersIn(found.tensors);
      if (json) printJson({ ...found, numbers });
      else print(found, numbers, all);
    });
}

function print(
  { path, kind, digest, files, facts, tensors }: Inspection,
  numbers: number,
  all: boolean,
): void {
  console.log(`${path}: ${kind}, digest ${digest}\n`);
  for (const { name, bytes, sha256 } of files) {
    console.log(`  ${name}: ${bytes} bytes, SHA-256 ${sha256.slice(0, 12)}`);
  }
  for (const [name, value] of Object.entries(facts)) console.log(`  ${name}: ${value}`);
  const weights = tensors.filter(({ role }) => role === undefined);
  for (const role of ['input', 'output', 'column'] as const) {
    for (const each of tensors.filter((tensor) => tensor.role === role)) {
      console.log(`  ${role}: ${each.name.slice(0, 200)} ${typeOf(each)}`);
    }
  }
  if (weights.length === 0) return;
  console.log(`\n${weights.length} tensors, ${numbers} numbers`);
  const rows = all ? weights.map((each) => [each.name, typeOf(each)] as const) : grouped(weights);
  for (const [name, type] of rows) console.log(`  ${name.slice(0, 200)}  ${type}`);
}

function typeOf({ dtype, shape }: InspectedTensor): string {
  return `${dtype} [${shape.map((n) => String(n).slice(0, 40)).join(', ')}]`;
}

/** One line for tensors of one type whose names differ in the number of a block alone. */
function grouped(tensors: readonly InspectedTensor[]): readonly (readonly [string, string])[] {
  const counts = new Map<string, { name: string; type: string; count: number }>();
  for (const tensor of tensors) {
    const name = tensor.name.replace(/(?<=\.)\d+(?=\.)/g, '{i}');
    const type = typeOf(tensor);
    const found = counts.get(`${name} ${type}`);
    if (found === undefined) counts.set(`${name} ${type}`, { name, type, count: 1 });
    else found.count += 1;
  }
  return [...counts.values()].map(({ name, type, count }) => [
    name,
    count === 1 ? type : `${type} x ${count}`,
  ]);
}
