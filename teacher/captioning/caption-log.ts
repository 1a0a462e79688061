import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { captionsOf, MAX_LINE_BYTES, readLines } from '../../data/index.js';
import { OpenFile, removeFile, syncFolder } from '../../formats/file-operations.js';
import { readOwnFile } from '../../formats/own-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { SourceFacts } from './caption-source.js';

/** What a log says first: what its captions were made by. */
interface LogHeader {
  readonly lacuna: 'captions';
  readonly format: 1;
  readonly facts: SourceFacts;
}

/** The captions of a key, as a log holds them. */
interface LogEntry {
  readonly key: string;
  readonly captions: readonly string[];
}

/** Between two times that what was written is made durable. */
const SYNC_MILLISECONDS = 5000;

/**
 * The captions of a run that is not finished: a file of JSON lines, first what they were made by,
 * then one line a key, written at once and made durable every few seconds. It outlives a killed
 * run: a last line that was written half is dropped. One process writes it.
 */
export class CaptionLog {
  readonly #path: string;
  readonly #file: OpenFile;
  #synced: number = performance.now();
  /** The captions that the log held when it was opened, by key. */
  readonly done: ReadonlyMap<string, readonly string[]>;

  private constructor(path: string, file: OpenFile, done: ReadonlyMap<string, readonly string[]>) {
    this.#path = path;
    this.#file = file;
    this.done = done;
  }

  /**
   * Opens the log at `path`, or begins it.
   * @throws LacunaError when it is of a run with another source or other options, or is no log.
   */
  static async open(path: string, facts: SourceFacts): Promise<CaptionLog> {
    const file = await openForAppending(path);
    try {
      const whole = await wholeBytes(path);
      if (whole > 0) await checkHeader(path, facts);
      else await checkStart(path);
      if (file.size > whole) await file.truncate(whole);
      if (whole === 0) {
        const header: LogHeader = { lacuna: 'captions', format: 1, facts };
        await file.write(Buffer.from(`${JSON.stringify(header)}\n`));
        await file.sync();
        await syncFolder(dirname(path));
      }
      return new CaptionLog(path, file, await readEntries(path));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async add(entry: LogEntry): Promise<void> {
    await this.#file.write(Buffer.from(`${JSON.stringify(entry)}\n`));
    if (performance.now() - this.#synced < SYNC_MILLISECONDS) return;
    await this.#file.sync();
    this.#synced = performance.now();
  }

  /** Makes what was added durable and ends it; it can be opened again. */
  async close(): Promise<void> {
    try {
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  /** Removes it, when all that it holds is in the list. */
  async remove(): Promise<void> {
    await removeFile(this.#path);
  }
}

async function openForAppending(path: string): Promise<OpenFile> {
  try {
    return await OpenFile.append(path);
  } catch (error) {
    throw new LacunaError(
      {
        what: 'the file that collects the captions cannot be written',
        where: path,
        got: error instanceof Error ? error.message : String(error),
        fix: 'Choose an --output in a folder that exists and can be written to.',
      },
      { cause: error },
    );
  }
}

/** The bytes up to the end of the last whole line. */
async function wholeBytes(path: string): Promise<number> {
  let bytes = 0;
  let whole = 0;
  for await (const chunk of createReadStream(path)) {
    const newline = (chunk as Buffer).lastIndexOf(0x0a);
    if (newline >= 0) whole = bytes + newline + 1;
    bytes += (chunk as Buffer).length;
  }
  return whole;
}

/** The captions in a log of whole lines, after its header. */
async function readEntries(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const done = new Map<string, readonly string[]>();
  let isHeader = true;
  for await (const { where, text } of readLines(path, 'captions that were begun')) {
    if (!isHeader) {
      const { key, captions } = parse(text);
      if (typeof key !== 'string') throw notALog(where);
      done.set(key, captionsOf(where, captions));
    }
    isHeader = false;
  }
  return done;
}

/** Refuses a file without a whole line that is not the beginning of a log: it is somebody's. */
async function checkStart(path: string): Promise<void> {
  const start = '{"lacuna":"captions",';
  const content = (await readOwnFile(path, MAX_LINE_BYTES))?.toString('utf8') ?? '';
  if (!content.startsWith(start) && !start.startsWith(content)) throw notALog(path);
}

async function checkHeader(path: string, facts: SourceFacts): Promise<void> {
  let header: Readonly<Record<string, unknown>> = {};
  for await (const { text } of readLines(path, 'captions that were begun')) {
    header = parse(text);
    break;
  }
  if (header.lacuna !== 'captions' || header.format !== 1 || typeof header.facts !== 'object') {
    throw notALog(path);
  }
  const before = header.facts as Readonly<Record<string, unknown>>;
  const now: Readonly<Record<string, unknown>> = facts;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const different = keys.filter((key) => !isDeepStrictEqual(before[key], now[key]));
  if (different.length === 0) return;
  const show = (of: Readonly<Record<string, unknown>>): string =>
    different
      .map((key) => `${key} ${(JSON.stringify(of[key]) ?? 'none').slice(0, 100)}`)
      .join(', ');
  throw new LacunaError({
    what: 'captions were begun here with other options, and one list must not mix them',
    where: path,
    got: show(now),
    expected: show(before),
    fix: 'Go on with those options, choose another --output, or add --restart to throw the captions away that are there.',
  });
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function notALog(where: string): LacunaError {
  return new LacunaError({
    what: 'this is no file of captions that were begun',
    where,
    fix: 'Remove it, or choose another --output.',
  });
}
