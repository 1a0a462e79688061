import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { LacunaError } from '../spec/errors.js';
import { codeOf, OpenFile, openPlain, syncFolder } from './file-operations.js';
import { FileWriter, replaceFileBy } from './whole-file.js';

/** A longer line is none of ours. */
export const MAX_LINE_BYTES: number = 2 ** 20;
const MAX_FILE_BYTES = 2 ** 36;
const NEWLINE = 0x0a;
const PIECE_BYTES = 2 ** 18;
/** Bytes that are gathered before they are written. */
const GATHERED = 2 ** 20;

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
  await replaceFileBy(path, async (partial) => {
    const writer = await FileWriter.create(partial);
    try {
      let pieces: Uint8Array[] = [];
      let gathered = 0;
      for await (const { bytes } of linesOf(path)) {
        const value = parseLine(bytes, parse);
        if (value === undefined || !keep(value)) continue;
        pieces.push(bytes, Uint8Array.of(NEWLINE));
        gathered += bytes.length + 1;
        if (gathered < GATHERED) continue;
        await writer.write(Buffer.concat(pieces));
        pieces = [];
        gathered = 0;
      }
      await writer.write(Buffer.concat(pieces));
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await writer.finish();
  });
  return torn;
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
  let opened: Awaited<ReturnType<typeof openPlain>>;
  try {
    opened = await openPlain(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
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
    let pending: Buffer[] = [];
    let length = 0;
    const add = (part: Buffer): void => {
      // Of a line that is too long anyway, no more is held.
      if (length <= MAX_LINE_BYTES) pending.push(part);
      length += part.length;
    };
    for (let position = 0; position < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE_BYTES, size - position));
      const { bytesRead } = await handle.read(piece, 0, piece.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const chunk = piece.subarray(0, bytesRead);
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        add(chunk.subarray(start, end));
        if (length > 0) yield { bytes: Buffer.concat(pending), isWhole: true };
        pending = [];
        length = 0;
        start = end + 1;
      }
      add(chunk.subarray(start));
    }
    if (length > 0) yield { bytes: Buffer.concat(pending), isWhole: false };
  } finally {
    await handle.close();
  }
}
