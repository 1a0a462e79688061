import { lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './file-operations.js';

/**
 * Where this user's caches lie: what can be made again, and is trusted no more than any file.
 * `LACUNA_CACHE` names another folder, or, when it is empty, none; else it is `lacuna` in
 * `XDG_CACHE_HOME` or `~/.cache`.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { LACUNA_CACHE, XDG_CACHE_HOME } = environment;
  if (LACUNA_CACHE === '') return undefined;
  return LACUNA_CACHE ?? join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'lacuna');
}

/**
 * A folder `name` in the cache folder `parent`, made where it is missing; undefined where there can be
 * none, or what is there is not this user's own: a link, another user's folder, one that others may
 * write to.
 */
export async function ownCacheFolder(parent: string, name: string): Promise<string | undefined> {
  const folder = join(parent, name);
  try {
    await makeFolder(parent);
    await mkdir(folder, { mode: 0o700 }).catch(() => {});
    const { uid, mode } = await lstat(folder).then((facts) =>
      facts.isDirectory() ? facts : Promise.reject(new Error('no folder')),
    );
    const isOwn = process.getuid === undefined || uid === process.getuid();
    const isOpen = process.getuid !== undefined && (mode & 0o022) !== 0;
    return isOwn && !isOpen ? folder : undefined;
  } catch {
    return undefined; // a cache that cannot be had is none
  }
}
