import { z } from 'zod';
import { path } from './section.js';

/** A list of clips as the settings of a run name one, and what of it is taken (`ClipListOptions`). */
export interface ListConfig {
  /** JSON Lines, the annotation file of a public set or a VideoMAE list, of videos, still pictures, or both. */
  readonly list: string;
  /** The folder that the paths of the list start from. @defaultValue the list's own folder */
  readonly root?: string;
  /** Of annotations: a split by its name, or a file with the ids of one. @defaultValue all */
  readonly split?: string;
  /** Of annotations: the path of a video with the id `{}`. @defaultValue as the set calls its files */
  readonly video?: string;
  /** Of annotations: whether each described part of a video is a clip by itself. @defaultValue as the set has it */
  readonly parts?: boolean;
}

/** What two lists share, one to learn from and one to judge by, and the split of each. */
export interface ListPair extends Omit<ListConfig, 'list'> {
  /** The split of the one to judge by. @defaultValue all of it */
  readonly testSplit?: string;
}

/** What of each list of a pair is taken, and where its videos lie. */
export function listPair({
  root,
  split,
  testSplit,
  video,
  parts,
}: ListPair): Readonly<Record<'data' | 'test', Omit<ListConfig, 'list'>>> {
  const both = {
    ...(root === undefined ? {} : { root }),
    ...(video === undefined ? {} : { video }),
    ...(parts === undefined ? {} : { parts }),
  };
  return {
    data: { ...both, ...(split === undefined ? {} : { split }) },
    test: { ...both, ...(testSplit === undefined ? {} : { split: testSplit }) },
  };
}

/** The keys of what is taken of a list. */
type Optional<T> = z.ZodExactOptional<z.ZodType<T>>;
export const CHOICE_KEYS: Readonly<
  Record<'split' | 'video', Optional<string>> & Record<'parts', Optional<boolean>>
> = {
  split: path.exactOptional(),
  video: path.exactOptional(),
  parts: z.boolean().exactOptional(),
};

/** The keys of `ListConfig`. */
export const LIST_KEYS: typeof CHOICE_KEYS &
  Readonly<{ list: z.ZodType<string>; root: Optional<string> }> = {
  list: path,
  root: path.exactOptional(),
  ...CHOICE_KEYS,
};
