import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../formats/file-operations.js';
import { paddedBytes, TAR_END, tarHeader, tarMembers } from '../../formats/tar.js';
import { LacunaError } from '../../spec/errors.js';

/** Files that a run with its data has at most. */
const MAX_FILES = 60_000;

/** Files as a tar: the same bytes for the same files. */
export function tarOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const sizes = [...files.values()].map(({ length }) => tarBlock(length));
  const tar = new Uint8Array(sizes.reduce((sum, size) => sum + size, TAR_END.length));
  let at = 0;
  for (const [name, bytes] of files) {
    const header = tarHeader(name, bytes.length);
    tar.set(header, at);
    tar.set(bytes, at + header.length);
    at += tarBlock(bytes.length);
  }
  return tar;
}

function tarBlock(bytes: number): number {
  return tarHeader('a', 0).length + paddedBytes(bytes);
}

/**
 * Unpacks a tar, which may be a stranger's, into a folder: no name in it leads out (`tarMembers`).
 *
 * @returns The folder in it that a run is in.
 * @throws LacunaError where it is no tar, holds no run, or more files than a run has.
 */
export async function unpackRun(tar: Uint8Array, folder: string): Promise<string> {
  await makeFolder(folder);
  const path = join(folder, '.opened');
  await writeFile(path, tar);
  const handle = await open(path, 'r');
  let run: string | undefined;
  let count = 0;
  try {
    for await (const { name, offset, bytes } of tarMembers(path)) {
      if (++count > MAX_FILES) throw noRun(`more than ${MAX_FILES} files`);
      const file = join(folder, name);
      const content = new Uint8Array(bytes);
      await handle.read(content, 0, bytes, offset);
      await makeFolder(dirname(file));
      await writeFile(file, content);
      if (name.endsWith('manifest.json') && (await isRun(file))) run ??= dirname(file);
    }
  } finally {
    await handle.close();
    await rm(path);
  }
  if (run === undefined) throw noRun(`${count} files, none the manifest of a run`);
  return run;
}

/** Whether a manifest is of a run, and not of demo data. */
async function isRun(path: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null && 'settings' in value;
  } catch {
    return false;
  }
}

function noRun(got: string): LacunaError {
  return new LacunaError({
    what: 'the file holds no run that can go on here',
    got,
    expected: 'a tar of a run folder of `lacuna pretrain`, best with its data beside it',
    fix: 'Make one with: tar -cf run.tar FOLDER',
  });
}
