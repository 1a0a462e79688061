import { stat } from 'node:fs/promises';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { type DataRoot, rootFolder, videoInRoot } from '../video/data-root.js';

/** So many records are looked up before it is said that the folder is the wrong one. */
const LOOKED_UP = 100;

/**
 * Refuses a data folder that is none, or that holds none of the first 100 videos of the list: the
 * wrong folder is a likelier mistake than a list of missing files.
 */
export async function checkDataFolder(
  root: DataRoot,
  records: readonly ClipRecord[],
): Promise<void> {
  const folder = rootFolder(root);
  const isFolder = await stat(folder).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new LacunaError({ what: 'the data folder does not exist', where: folder });
  }
  let first: unknown;
  for (const record of records.slice(0, LOOKED_UP)) {
    try {
      await videoInRoot(root, record);
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw new LacunaError({
    what: 'the data folder holds none of the videos that the list begins with',
    where: folder,
    got: (first instanceof LacunaError ? first.message : String(first)).replace(/\.$/, ''),
    fix: 'Give the folder that the paths of the list are relative to.',
  });
}
