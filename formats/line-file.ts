import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { LacunaError } from '../spec/errors.js';
import { OpenFile, openPlainIfThere, syncFolder } from './file-operations.js';
import { LineSplitter } from './line-splitter.js';
import { replaceFileOf } from './whole-file.js';

/** A longer line is none of ours. */
export const MAX_LINE_BYTES: number = 2 ** 20;
const MAX_FILE_BYTES = 2 ** 36;
const NEWLINE = 0x0a;
const PIECE_BYTES = 2 ** 18;

/**
 * A file of JSON lines that is only added to. Each line ends with `"check"`, the CRC-32 of the line
 * without it, so that a changed line is noticed; older versions wrote none. The last line may be torn
 * by a kill or a full disk, and after a loss of power others, too.
 */
export class LineFile {
  readonly path: string;
  #file: OpenFile | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a line; durable after `sync`. @throws LacunaError where it cannot be written. */
  async add(value: object): Promise<void> {
    this.#file ??= await OpenFile.append(this.path);
    await this.#file.write(Buffer.from(`${withCheck(JSON.stringify(value))}\n`));
  }

  /** Makes all lines durable, and the file's name. */
  async sync(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.sync();
    await syncFolder(dirname(this.path));
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

/**
 * What the lines of such a file hold, in order. `parse` returns undefined for a line that is none.
 *
 * @param onTorn Told how many lines were none, if any.
 * @throws LacunaError for what is no plain file, or too large.
 */
export async function readLineFile<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
  onTorn: (count: number) => void = () => {},
): Promise<T[]> {
  const found: T[] = [];
  let torn = 0;
  for await (const { bytes } of linesOf(path)) {
    const value = parseLine(bytes, parse);
    if (value === undefined) torn++;
    else found.push(value);
  }
  if (torn > 0) onTorn(torn);
  return found;
}

/**
 * Drops the lines that `keep` refuses and those that are torn; the others keep their bytes. A file in
 * which nothing is to be dropped stays untouched.
 *
 * @returns How many were torn.
 */
export async function cutLineFile<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
  keep: (value: T) => boolean,
): Promise<number> {
  let torn = 0;
  let isChanged = false;
  for await (const { bytes, isWhole } of linesOf(path)) {
    const value = parseLine(bytes, parse);
    if (value === undefined) torn++;
    if (value === undefined || !isWhole || !keep(value)) isChanged = true;
  }
  if (!isChanged) return 0;
  await replaceFileOf(path, keptLines(path, parse, keep));
  return torn;
}

/** The bytes of the lines that stay, each with its end. */
async function* keptLines<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
  keep: (value: T) => boolean,
): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of linesOf(path)) {
    const value = parseLine(bytes, parse);
    if (value === undefined || !keep(value)) continue;
    yield bytes;
    yield Uint8Array.of(NEWLINE);
  }
}

const CHECK = /,"check":"([0-9a-f]{8})"\}$/;

function withCheck(line: string): string {
  return `${line.slice(0, -1)},"check":"${checkOf(line)}"}`;
}

function checkOf(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}

/** What a line holds; undefined for one that is damaged, or that `parse` refuses. */
export function parseLine<T>(
  line: Buffer,
  parse: (value: unknown) => T | undefined,
): T | undefined {
  if (line.length > MAX_LINE_BYTES) return undefined;
  try {
    const text = line.toString('utf8');
    const check = CHECK.exec(text);
    if (check === null) return parse(JSON.parse(text));
    const own = `${text.slice(0, check.index)}}`;
    return checkOf(own) === check[1] ? parse(JSON.parse(own)) : undefined;
  } catch {
    return undefined;
  }
}

/** The lines that are not empty; one that is too long comes without its middle. */
async function* linesOf(path: string): AsyncGenerator<{ bytes: Buffer; isWhole: boolean }, void> {
  const opened = await openPlainIfThere(path);
  if (opened === undefined) return;
  const { handle, size } = opened;
  try {
    if (size > MAX_FILE_BYTES) {
      throw new LacunaError({
        where: path,
        what: 'this file is too large',
        got: `${size} bytes`,
        expected: `at most ${MAX_FILE_BYTES}`,
      });
    }
    const lines = new LineSplitter(MAX_LINE_BYTES);
    for (let position = 0; position < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE_BYTES, size - position));
      const { bytesRead } = await handle.read(piece, 0, piece.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      for (const bytes of lines.push(piece.subarray(0, bytesRead)))
        if (bytes.length > 0) yield { bytes, isWhole: true };
    }
    const rest = lines.rest();
    if (rest.length > 0) yield { bytes: rest, isWhole: false };
  } finally {
    await handle.close();
  }
}
