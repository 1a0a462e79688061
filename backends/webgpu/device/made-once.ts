import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

/**
 * A folder that is made once and then found: built beside its place and renamed, so that it is there
 * whole or not at all, whoever else builds it.
 *
 * @param build Fills a new folder; what it writes there may name `folder`, where it will lie.
 */
export function madeOnce(
  cache: string,
  name: string,
  build: (building: string, folder: string) => void,
): string {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, 'building-'));
  try {
    build(building, folder);
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Unpacks an archive, tar in Brotli, into a folder. */
export function unpackTar(archive: string, folder: string): void {
  const tar = join(folder, 'archive.tar');
  writeFileSync(tar, brotliDecompressSync(readFileSync(archive)));
  execFileSync('tar', ['-xf', tar, '-C', folder, '--no-same-owner']);
  rmSync(tar);
}
