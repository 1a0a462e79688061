import { open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../formats/file-operations.js';
import {
  MAX_WRITTEN_NAME,
  paddedBytes,
  TAR_END,
  tarHeader,
  tarMembers,
} from '../../formats/tar.js';
import { LacunaError } from '../../spec/errors.js';

/** Files that a run with its data has at most. */
const MAX_FILES = 60_000;
/** Folders of a name in a tar, and the file's: more would cost time alone. */
const MAX_PARTS = 16;
/** A larger manifest is of no run. */
const MAX_MANIFEST_BYTES = 2 ** 20;

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

/** Where in the folder of an unpacked tar a run lies, by names from there. */
export interface UnpackedRun {
  readonly run: string;
  /** What is handed over of it: the folder that the run's folder lies in, or the whole where more lies beside that. */
  readonly root: string;
}

/**
 * Unpacks a tar, which may be a stranger's, into a new folder: no name in it leads out (`tarMembers`), and the run in it
 * can be made a tar again.
 *
 * @param path The tar, outside of that folder.
 * @throws LacunaError where it is no tar, holds no run, more files than a run has, or names that `tarOf` does not take.
 */
export async function unpackRun(path: string, folder: string): Promise<UnpackedRun> {
  await makeFolder(folder);
  const handle = await open(path, 'r');
  const names: string[] = [];
  let run: string | undefined;
  let count = 0;
  try {
    for await (const { name: told, offset, bytes } of tarMembers(path)) {
      if (++count > MAX_FILES) throw noRun(`more than ${MAX_FILES} files`);
      const name = told.replace(/^\.\//, '');
      if (name.split('/').length > MAX_PARTS) throw tooLong(name);
      if (!isKept(name)) continue;
      const content = new Uint8Array(bytes);
      await handle.read(content, 0, bytes, offset);
      await put(folder, name, content);
      names.push(name);
      if (name.endsWith('manifest.json') && isRun(content)) run ??= dirname(name);
    }
  } finally {
    await handle.close();
  }
  if (run === undefined) throw noRun(`${count} files, none the manifest of a run`);
  const above = dirname(dirname(run));
  const root = names.every((name) => name.startsWith(`${above}/`)) ? above : '.';
  for (const name of names) {
    const short = root === '.' ? name : name.slice(root.length + 1);
    if (Buffer.byteLength(short) > MAX_WRITTEN_NAME) throw tooLong(short);
  }
  return { run, root };
}

/** Whether a file is part of what is kept: no lock, and nothing that is half written. */
export function isKept(name: string): boolean {
  return !/(^|\/)lock$|\.partial-/.test(name);
}

/** @throws LacunaError where the name is a file's and a folder's at once. */
async function put(folder: string, name: string, content: Uint8Array): Promise<void> {
  const file = join(folder, name);
  try {
    await makeFolder(dirname(file));
    await writeFile(file, content);
  } catch (cause) {
    throw new LacunaError(
      {
        where: name.slice(0, MAX_WRITTEN_NAME),
        what: 'this file of the tar cannot be unpacked',
        got: cause instanceof Error ? cause.message : String(cause),
        expected: 'names of which none is a file and a folder at once',
      },
      { cause },
    );
  }
}

function tooLong(name: string): LacunaError {
  return new LacunaError({
    where: name.slice(0, MAX_WRITTEN_NAME),
    what: 'this name could not be handed over again',
    got: `${name.split('/').length} parts, ${Buffer.byteLength(name)} bytes`,
    expected: `at most ${MAX_PARTS} parts, and ${MAX_WRITTEN_NAME} bytes from the folder on that the run lies in`,
    fix: 'Give files and folders shorter names, and make the tar again.',
  });
}

/** Whether a manifest is of a run, and not of demo data. */
function isRun(manifest: Uint8Array): boolean {
  if (manifest.length > MAX_MANIFEST_BYTES) return false;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(manifest));
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
