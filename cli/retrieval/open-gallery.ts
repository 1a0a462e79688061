import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type ClipList,
  type ClipRecord,
  checkDataFolder,
  type DataRoot,
  dataRootOf,
  listFolder,
  named,
  readClipList,
  readLabelNames,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import { note } from '../note.js';
import { type ListFlags, listOptions } from '../options/list-options.js';

/** Flags that say which clips there are to find. */
export interface GalleryFlags extends ListFlags {
  readonly data: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly clips?: number;
  readonly labelNames?: string;
  /** Whether the still pictures of a folder are taken, too. */
  readonly pictures?: boolean;
}

/** The clips that are to be found, and where they lie. */
export interface Gallery {
  readonly records: readonly ClipRecord[];
  readonly root: DataRoot;
  /** SHA-256 of the whole list. */
  readonly digest: string;
}

/** @throws LacunaError for a list, or a folder, that cannot be used. */
export async function openGallery(flags: GalleryFlags): Promise<Gallery> {
  const { data, clips, labelNames } = flags;
  const list = await listOf(flags);
  const all = list.records.slice(0, clips);
  const records =
    labelNames === undefined ? all : named(all, await readLabelNames(labelNames), labelNames);
  const folder = (await isFolder(data)) ? data : dirname(data);
  const root = dataRootOf(flags.root ?? folder, flags.followLinks);
  await checkDataFolder(root, records);
  return { records, root, digest: list.digest };
}

/** A list, or the videos of a folder, whose folders are the classes. */
async function listOf(flags: GalleryFlags): Promise<ClipList> {
  const { data, followLinks = false, pictures = false } = flags;
  const options = listOptions(flags);
  if (!(await isFolder(data))) return readClipList(data, note, options);
  const [given] = Object.keys(options);
  if (given !== undefined) {
    throw new LacunaError({
      where: `--${given}`,
      what: 'this is for annotation files, and here is a folder',
      got: data,
    });
  }
  const beside = { labelsFromFolders: true, captionsBeside: true };
  return listFolder(data, { ...beside, followLinks, pictures, onNote: note });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
