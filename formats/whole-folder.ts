import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LacunaError } from '../spec/errors.js';
import { Lock } from './lock.js';

/**
 * Makes a folder as a whole: `fill` writes into a new folder beside it, which then takes its place
 * by renaming. A killed run leaves only that other folder; the next run removes it.
 *
 * @param purpose What the folder is for, in an error: `the demo data`.
 * @param replaceable whether what lies at `folder` now may be thrown away.
 * @throws LacunaError if `folder` is not empty and not replaceable, or another process makes it now.
 */
export async function replaceFolder(
  folder: string,
  purpose: string,
  replaceable: boolean,
  fill: (partial: string) => Promise<void>,
): Promise<void> {
  const target = resolve(folder);
  if (!replaceable && !(await isEmptyOrAbsent(target))) {
    throw new LacunaError({
      what: `the folder for ${purpose} holds something else`,
      where: folder,
      fix: 'Choose another folder, or empty this one.',
    });
  }
  await mkdir(dirname(target), { recursive: true });
  const lock = await Lock.take(`${target}.lock`, { where: folder, doing: 'making this folder' });
  try {
    await replace(target, fill);
  } finally {
    await lock.release();
  }
}

async function replace(target: string, fill: (partial: string) => Promise<void>): Promise<void> {
  await removeLeftovers(target);
  const partial = `${target}${PARTIAL}${process.pid}`;
  await mkdir(partial);
  const former = `${partial}.former`;
  try {
    await fill(partial);
    await unlessAbsent(rename(target, former));
    await rename(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(former, { recursive: true, force: true });
  }
}

const PARTIAL = '.partial-';

async function isEmptyOrAbsent(folder: string): Promise<boolean> {
  try {
    return ((await unlessAbsent(readdir(folder))) ?? []).length === 0;
  } catch {
    return false;
  }
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what processes that are gone have left beside the folder. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}${PARTIAL}`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!(pid > 0) || (pid !== process.pid && isRunning(pid))) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
