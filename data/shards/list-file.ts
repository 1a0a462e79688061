import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { INDEX_FILE } from './shard-recipe.js';

/** The file of a list: of a folder of shards its index, of anything else what was named. */
export function listFile(path: string): string {
  const index = join(path, INDEX_FILE);
  return existsSync(index) ? index : path;
}
