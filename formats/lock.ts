import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { sha256 } from '../core/sha256.js';
import { LacunaError } from '../spec/errors.js';
import { codeOf, linkFile, openPlainIfThere, removeFile, syncFolder } from './file-operations.js';
import { PARTIAL, writeNewFile } from './whole-file.js';

/** Who holds a lock: where its process runs, and which of all that had its number it is. */
const HOLDER = z.strictObject({
  pid: z.int().min(1),
  host: z.string().max(256),
  /** Linux: a digest of the number that a machine, or an image, has for good. */
  machine: z.string().max(64).exactOptional(),
  /** Linux: one value from the start of a machine to its end; containers of a machine share it. */
  boot: z.string().max(64).exactOptional(),
  /** Linux: the space that the process number is of; each container has its own. */
  space: z.string().max(64).exactOptional(),
  /** Linux: when the process began, in ticks since the boot: numbers are used again, these are not. */
  start: z.string().max(32).exactOptional(),
  /** ISO 8601: since when it is held. For people. */
  since: z.string().max(32),
  /** Tells two locks of a process apart. */
  token: z.string().max(64),
});
type Holder = z.infer<typeof HOLDER>;

const MAX_BYTES = 4096;
const ATTEMPTS = 100;
/** Between two looks while another process takes over. */
const PAUSE_MS = 5;

/** What a lock keeps others from, as messages say it: `writing this run`. */
export interface LockPurpose {
  readonly where: string;
  readonly doing: string;
}

/**
 * A file that says who writes a folder or a file: it appears with its content, so nobody sees half of
 * it, and one process at a time has it. One whose process is certainly gone is taken over: on this
 * machine, in this container, also of before the machine was started again. Whether one of another machine or container lives cannot be seen from
 * here, so it is respected, and the message names the file.
 */
export class Lock {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** @throws LacunaError where another process has it, or may have it. */
  static async take(path: string, purpose: LockPurpose): Promise<Lock> {
    const token = randomUUID();
    const own = `${path}${PARTIAL}${token.slice(0, 13)}`;
    const text = `${JSON.stringify(describeSelf(token))}\n`;
    try {
      await writeNewFile(own, text);
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      throw new LacunaError({ ...error.facts, where: purpose.where }, { cause: error });
    }
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (await claimed(own, path)) {
          await syncFolder(dirname(path));
          return new Lock(path, text);
        }
        await removeIfGone(path, purpose);
      }
      throw held(purpose, 'others that take it at the same time', 'Try again.');
    } finally {
      await removeFile(own);
    }
  }

  /** Whether a process has it, or may have it: for those that only look on. */
  static async isHeld(path: string): Promise<boolean> {
    try {
      const text = await textOf(path);
      if (text === undefined) return false;
      await refuseLiving(path, text, { where: path, doing: 'holding it' });
      return false;
    } catch (error) {
      if (error instanceof LacunaError) return true;
      throw error;
    }
  }

  /** @throws LacunaError where somebody has removed or replaced it: two may be writing now. */
  async requireHeld(purpose: LockPurpose): Promise<void> {
    if ((await textOf(this.#path)) === this.#text) return;
    throw new LacunaError({
      where: this.#path,
      what: `this lock was removed or taken while this process was ${purpose.doing}`,
      fix: 'This process writes no more. Make sure that one process alone goes on.',
    });
  }

  async release(): Promise<void> {
    if ((await textOf(this.#path).catch(() => undefined)) === this.#text) {
      await removeFile(this.#path);
    }
  }
}

/** Whether the file that is written under `own` now has the name `path`, too. */
async function claimed(own: string, path: string): Promise<boolean> {
  try {
    await linkFile(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!(error instanceof LacunaError)) throw error;
  }
  // A file system without second names: the content comes a moment after the name.
  try {
    await writeNewFile(path, (await textOf(own)) ?? '');
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose process is gone, and no other that took its place meanwhile: who removes a lock
 * of this content holds a lock of its own for that, named by the content.
 */
async function removeIfGone(path: string, purpose: LockPurpose): Promise<void> {
  const before = await textOf(path);
  if (before === undefined) return;
  await refuseLiving(path, before, purpose);
  const guardPath = `${path}${PARTIAL}${sha256(before).slice(0, 13)}`;
  const guard = await Lock.take(guardPath, purpose).catch(() => undefined);
  if (guard === undefined) return setTimeout(PAUSE_MS);
  try {
    if ((await textOf(path)) === before) await removeFile(path);
  } finally {
    await guard.release();
  }
}

/** @throws LacunaError unless the process of this lock is certainly gone. */
async function refuseLiving(path: string, text: string, purpose: LockPurpose): Promise<void> {
  // Older versions wrote the process number alone; what was killed between name and content, nothing.
  if (text.trim() === '') return;
  if (/^\d{1,10}$/.test(text.trim())) {
    const pid = Number(text);
    if (!(await outlives(pid, path))) return;
    throw held(purpose, `process ${pid}`, waitOrRemove(path));
  }
  const holder = parsed(text);
  if (holder === undefined) {
    throw held(purpose, 'an unknown process', waitOrRemove(path));
  }
  const self = describeSelf('');
  if (isEarlierStart(holder, self)) return;
  const who = `process ${holder.pid} on ${holder.host} since ${holder.since}`;
  if (holder.host !== self.host || holder.boot !== self.boot || holder.space !== self.space) {
    const another =
      holder.boot === self.boot ? 'another container' : 'another machine or start of it';
    throw held(purpose, `${who}, in ${another}`, waitOrRemove(path));
  }
  const start = startOf(holder.pid);
  const lives = holder.start === undefined ? isRunning(holder.pid) : start === holder.start;
  if (lives) throw held(purpose, who, `Wait until it ends, or stop it: ${path} is its lock.`);
}

/** The space of process numbers that a machine starts with (linux/proc_ns.h): that of no container. */
const FIRST_SPACE = 'pid:[4026531836]';

/** Whether the holder ran on this machine before it was started again: containers may share all but `space`. */
function isEarlierStart(holder: Holder, self: Holder): boolean {
  return (
    self.machine !== undefined &&
    holder.machine === self.machine &&
    holder.host === self.host &&
    holder.space === FIRST_SPACE &&
    self.space === FIRST_SPACE &&
    holder.boot !== undefined &&
    holder.boot !== self.boot
  );
}

function waitOrRemove(path: string): string {
  return `Wait until it ends, or stop it; if you know that it is gone, delete ${path}.`;
}

function held({ where, doing }: LockPurpose, who: string, fix: string): LacunaError {
  return new LacunaError({ where, what: `another process is ${doing} (${who})`, fix });
}

function parsed(text: string): Holder | undefined {
  try {
    const checked = HOLDER.safeParse(JSON.parse(text));
    return checked.success ? checked.data : undefined;
  } catch {
    return undefined;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  const opened = await openPlainIfThere(path);
  if (opened === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(Math.min(opened.size, MAX_BYTES));
    const { bytesRead } = await opened.handle.read(bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await opened.handle.close();
  }
}

function describeSelf(token: string): Holder {
  const machine = systemText('/etc/machine-id');
  const boot = systemText('/proc/sys/kernel/random/boot_id');
  const space = linkText('/proc/self/ns/pid');
  const start = startOf(process.pid);
  return {
    pid: process.pid,
    host: hostname().slice(0, 256),
    // The number itself is nobody's business.
    ...(machine === undefined || machine === ''
      ? {}
      : { machine: sha256(`lacuna ${machine}`).slice(0, 32) }),
    ...(boot === undefined ? {} : { boot }),
    ...(space === undefined ? {} : { space }),
    ...(start === undefined ? {} : { start }),
    since: new Date().toISOString(),
    token,
  };
}

/** When a process began, in ticks since the boot (proc_pid_stat(5), field 22); undefined for none. */
function startOf(pid: number): string | undefined {
  const text = systemText(`/proc/${pid}/stat`);
  // The second field is the name of the program in brackets: it may hold anything.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

const TICKS_A_SECOND = 100;

/** Whether a process runs that may have written a file: it began no later than the file. */
async function outlives(pid: number, file: string): Promise<boolean> {
  if (pid === process.pid || !isRunning(pid)) return false;
  const start = startOf(pid);
  const boot = /^btime (\d+)$/m.exec(systemText('/proc/stat') ?? '')?.[1];
  if (start === undefined || boot === undefined) return true;
  const written = (await stat(file).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
  // A second of slack: the boot is known to a second only.
  return (Number(boot) + Number(start) / TICKS_A_SECOND - 1) * 1000 <= written;
}

function isRunning(pid: number): boolean {
  if (pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function systemText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
