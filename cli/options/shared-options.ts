import { Option } from 'commander';

/** Flags that mean the same wherever they are; each call makes one for one command. */
export const rootOption = (): Option =>
  new Option(
    '--root <folder>',
    "folder that the list's paths start from (default: the list's own)",
  );
export const followLinksOption = (): Option =>
  new Option('--follow-links', 'let links in that folder lead out of it');
export const seedOption = (): Option => new Option('--seed <n>', 'seed of every random draw');
export const setOption = (): Option =>
  new Option('--set <key=value>', 'any other setting of `lacuna pretrain`, repeatable').argParser(
    collect,
  );

export const initOption = (): Option =>
  new Option(
    '--init <folder>',
    'begin with the weights of a model as Hugging Face saves it, or of a run; repeatable, one folder a tower (see `lacuna import`)',
  ).argParser(collect);

export const tensorboardOption = (): Option =>
  new Option(
    '--tensorboard',
    'write event files for TensorBoard into the run folder, too: tensorboard --logdir runs',
  );

export const ledgerOption = (): Option =>
  new Option(
    '--ledger',
    'write which samples each step learned from into the run folder, too: samples.jsonl',
  );

export const trackioOption = (): Option =>
  new Option(
    '--trackio <project>',
    'tell this project of Trackio of the run at each checkpoint, too: trackio show',
  );

/** Reads a flag that may be given more than once. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

export const indexOption = (): Option =>
  new Option('--index <folder>', 'the folder of the index').default('video-index');
