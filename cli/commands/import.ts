import { Command } from 'commander';
import { examineWeights, withValue } from '../../run/index.js';
import { note } from '../note.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { assigned } from '../options/run-options.js';
import { setOption } from '../options/shared-options.js';
import { TerminalLine } from '../terminal-line.js';

interface ImportFlags {
  readonly preset?: string;
  readonly objective?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

export function importCommand(): Command {
  return new Command('import')
    .description(
      'Says what a run that begins with a folder of weights would take of it: which settings follow, and of ' +
        'every tensor whether it is taken, made anew or left out. Each is read once. Nothing is written: a run ' +
        'takes them by --init, and keeps what it took.',
    )
    .argument(
      '<folder>',
      'a model as Hugging Face saves it (config.json, model.safetensors), or a run of Lacuna',
    )
    .option('--preset <name>', 'the preset of the run that would take them')
    .option('--objective <name>', 'its objective: mae, contrastive or mae+contrastive')
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Taken are: ViT, DeiT, VideoMAE, TimeSformer (its attention over space), CLIP (either tower, or both), BERT,
DistilBERT, and runs of Lacuna. docs/weights.md says by which rules.

Examples:
  $ lacuna import vit-base-patch16-224-in21k --preset mac-vitb
  $ lacuna import clip-vit-base-patch16
  $ lacuna import videomae-base --set clip.frames=8
  $ lacuna import runs/masked --set clip.frames=4
  $ lacuna pretrain --data captions.jsonl --preset mac-vitb --init vit-base-patch16-224-in21k --init distilbert-base-uncased`,
    )
    .action(async (folder: string, flags: ImportFlags) => {
      const { preset, objective, set = [] } = flags;
      let config: Record<string, unknown> = {
        ...(preset === undefined ? {} : { preset }),
        ...(objective === undefined ? {} : { objective }),
      };
      for (const assignment of set) config = withValue(config, ...assigned(assignment));
      const line = new TerminalLine(process.stderr);
      const found = await examineWeights(folder, config, {
        onNote: note,
        onProgress: (done, total) => line.show(`reading tensor ${done} of ${total}`),
      });
      line.clear();
      const { record, numbers, settings } = found;
      if (flags.json === true) return printJson({ ...record, numbers, settings });
      console.log(`${folder}: ${record.model}, digest ${record.digest.slice(0, 12)}\n`);
      console.log('Settings that follow from it:');
      for (const [key, value] of Object.entries(settings)) {
        console.log(`  ${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);
      }
      console.log(
        `\nTaken: ${record.taken} tensors, ${(numbers / 1e6).toPrecision(3)} million numbers`,
      );
      for (const [title, { count, names }] of [
        ['Made anew', record.anew],
        ['Left out', record.leftOut],
      ] as const) {
        console.log(`${title}: ${count === 1 ? 'one tensor' : `${count} tensors`}`);
        for (const name of names) console.log(`  ${name}`);
      }
      console.log(`\nBegin with it: lacuna pretrain --data captions.jsonl --init ${folder}`);
    });
}
