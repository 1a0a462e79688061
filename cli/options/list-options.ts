import { Option } from 'commander';
import type { ClipListOptions } from '../../data/index.js';

/** Flags that say what of a data set's annotations is wanted, and how its files are called. */
export interface ListFlags {
  readonly split?: string;
  readonly video?: string;
  /** True for --parts, false for --no-parts. */
  readonly parts?: boolean;
}

/** What the flags ask of the reader. */
export function listOptions({ split, video, parts }: ListFlags): ClipListOptions {
  return {
    ...(split === undefined ? {} : { split }),
    ...(video === undefined ? {} : { video }),
    ...(parts === undefined ? {} : { parts }),
  };
}

export function splitOption(): Option {
  return new Option(
    '--split <name or file>',
    'of annotations: train, val or test, as they tell it; or a file with the ids of a split, one a line',
  );
}

export function videoOption(): Option {
  return new Option(
    '--video <path>',
    "of annotations: the path of the video with the id {} (default: the set's)",
  );
}

export function partsOption(): Option {
  return new Option(
    '--parts',
    'of annotations: each described part of a video by itself, also where texts are a paragraph (DiDeMo, ActivityNet)',
  );
}
