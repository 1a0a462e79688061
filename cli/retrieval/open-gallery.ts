import {
  type ClipRecord,
  checkDataFolder,
  type DataRoot,
  named,
  readLabelNames,
} from '../../data/index.js';
import { note } from '../note.js';
import { type DataFlags, readData } from '../options/list-options.js';

/** Flags that say which clips there are to find. */
export interface GalleryFlags extends DataFlags {
  readonly data: string;
  readonly clips?: number;
  readonly labelNames?: string;
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
  const { list, root } = await readData(data, flags, note);
  const all = list.records.slice(0, clips);
  const records =
    labelNames === undefined ? all : named(all, await readLabelNames(labelNames), labelNames);
  await checkDataFolder(root, records);
  return { records, root, digest: list.digest };
}
