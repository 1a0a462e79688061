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
  RETRIEVAL_SETS,
  type RetrievalSet,
  readClipList,
  readLabelNames,
  readRetrievalSet,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import { note } from '../note.js';

/** Flags that say which clips there are to find. */
export interface GalleryFlags {
  readonly data: string;
  readonly set?: RetrievalSet;
  readonly split?: string;
  readonly video?: string;
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
  const { data, set, split, video, clips, labelNames } = flags;
  if (set === undefined && (split !== undefined || video !== undefined)) {
    throw new LacunaError({
      where: split === undefined ? '--video' : '--split',
      what: 'this is of --set alone',
      fix: `Add --set with one of ${RETRIEVAL_SETS.join(', ')}.`,
    });
  }
  const chosen = {
    ...(split === undefined ? {} : { split }),
    ...(video === undefined ? {} : { video }),
  };
  const list = set === undefined ? await listOf(flags) : await readRetrievalSet(data, set, chosen);
  const all = list.records.slice(0, clips);
  const records =
    labelNames === undefined ? all : named(all, await readLabelNames(labelNames), labelNames);
  const folder = (await isFolder(data)) ? data : dirname(data);
  const root = dataRootOf(flags.root ?? folder, flags.followLinks);
  await checkDataFolder(root, records);
  return { records, root, digest: list.digest };
}

/** A list, or the videos of a folder, whose folders are the classes. */
async function listOf({
  data,
  followLinks = false,
  pictures = false,
}: GalleryFlags): Promise<ClipList> {
  return (await isFolder(data))
    ? listFolder(data, { labelsFromFolders: true, followLinks, pictures, onNote: note })
    : readClipList(data, note);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
