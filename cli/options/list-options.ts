import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Option } from 'commander';
import {
  type ClipList,
  type DataRoot,
  dataRootOf,
  listFile,
  listFolder,
  readClipList,
  requireNothingAsked,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';

/** Flags that say what of a data set's annotations is wanted, and how its files are called. */
export interface ListFlags {
  readonly split?: string;
  readonly video?: string;
  /** True for --parts, false for --no-parts. */
  readonly parts?: boolean;
}

/** Flags of data: of a list, or of the videos of a folder. */
export interface DataFlags extends ListFlags {
  /** The folder that paths start from. @defaultValue that of the list */
  readonly root?: string;
  readonly followLinks?: boolean;
  /** Whether the still pictures of a folder are taken, too. */
  readonly pictures?: boolean;
}

/** A list as a person named it, and where its videos lie. */
export interface NamedData {
  readonly list: ClipList;
  readonly root: DataRoot;
}

/**
 * A list; or the videos of a folder, with the captions that lie beside them and the names of their folders
 * for classes.
 *
 * @throws LacunaError for what is neither.
 */
export async function readData(
  given: string,
  flags: DataFlags,
  onNote: (sentence: string) => void,
): Promise<NamedData> {
  const data = listFile(given);
  const { root, followLinks = false, pictures = false } = flags;
  const isFolder = (await stat(data).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) {
    const list = await readClipList(data, onNote, flags);
    return { list, root: dataRootOf(root ?? dirname(data), followLinks) };
  }
  requireNothingAsked(flags, data);
  const beside = { labelsFromFolders: true, captionsBeside: true };
  const list = await listFolder(data, { ...beside, followLinks, pictures, onNote });
  return { list, root: dataRootOf(root ?? data, followLinks) };
}

export function splitOption(): Option {
  return new Option(
    '--split <name or file>',
    'of annotations: train, val or test, as they tell it; or a file with the ids of a split, one a line',
  );
}

export function testSplitOption(): Option {
  return new Option('--test-split <name or file>', 'of the annotations of --test: as --split');
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

/** @throws LacunaError for a split of a list that is not named: another one would be judged by. */
export function requireTestList(flags: {
  readonly test?: string | undefined;
  readonly testSplit?: string | undefined;
}): void {
  if (flags.testSplit === undefined || flags.test !== undefined) return;
  throw new LacunaError({
    where: '--test-split',
    what: 'this is the split of the list to judge by, and none is named',
    got: flags.testSplit,
    fix: 'Name it: --test LIST; it may be the list of --data.',
  });
}
