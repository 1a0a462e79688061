import { join } from 'node:path';
import { Option } from 'commander';
import { EmbeddingCache } from '../../evaluation/index.js';
import { cacheFolder, ownCacheFolder } from '../../formats/index.js';

/** Flags that say where what a model made of clips is kept. */
export const cacheOption = (): Option =>
  new Option(
    '--cache <folder>',
    "where what the model makes of clips is kept (default: in the user's cache folder)",
  );
export const noCacheOption = (): Option =>
  new Option('--no-cache', 'keep nothing, and read nothing');

/**
 * The folder that `--cache` names, or that of the user; undefined where nothing is to be kept, or can be.
 *
 * @param cache False for --no-cache, true where neither was given.
 * @param model The digest of the model: each has a folder of its own.
 */
export async function openCache(
  cache: string | boolean,
  model: string,
): Promise<EmbeddingCache | undefined> {
  if (cache === false) return undefined;
  const parent = cacheFolder();
  const own = parent === undefined ? undefined : await ownCacheFolder(parent, 'embeddings');
  const folder = typeof cache === 'string' ? cache : own;
  return folder === undefined ? undefined : EmbeddingCache.open(join(folder, model.slice(0, 16)));
}
