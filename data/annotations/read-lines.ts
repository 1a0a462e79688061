import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LacunaError } from '../../spec/errors.js';
import { MAX_LINE_BYTES } from './limits.js';

/** One line of a text file. */
export interface Line {
  /** `FILE:NUMBER`, counting from 1: for messages. */
  readonly where: string;
  readonly text: string;
}

/** What most files of lines hold. */
const A_LIST = 'a list of clips';

const NEWLINE = 0x0a;
const RETURN = 0x0d;

function bareReturns(path: string): LacunaError {
  return new LacunaError({
    what: 'the lines end with a carriage return alone',
    where: path,
    expected: 'lines that end with a line feed, or with both',
    fix: 'Save the list with line ends of Unix or Windows.',
  });
}

/**
 * The lines of a UTF-8 file that are not blank, trimmed, one at a time; a byte order mark and
 * carriage returns are dropped.
 *
 * @param holds What is looked for in the file, for the error where it cannot be read.
 * @throws LacunaError when the file cannot be read, is not UTF-8, or has an overlong line.
 */
export async function* readLines(path: string, holds: string = A_LIST): AsyncGenerator<Line, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let number = 0;
  const line = (): Line => {
    const where = `${path}:${++number}`;
    const bytes = Buffer.concat(pending);
    let text: string;
    try {
      text = decoder.decode(bytes).trim();
    } catch {
      throw new LacunaError({
        what: 'the line is not UTF-8 text',
        where,
        fix: 'Save the list as UTF-8; a file whose name is not UTF-8 must be renamed.',
      });
    }
    if (text.includes('\r')) throw bareReturns(path);
    return { where, text };
  };
  const add = (bytes: Buffer): void => {
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes > MAX_LINE_BYTES) {
      if (bytes.includes(RETURN)) throw bareReturns(path);
      throw new LacunaError({
        what: 'the line is too long',
        where: `${path}:${number + 1}`,
        expected: `at most ${MAX_LINE_BYTES} bytes`,
        fix: 'A list has one video on each line.',
      });
    }
  };
  for await (const chunk of readChunks(path, holds)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      const whole = line();
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (whole.text !== '') yield whole;
    }
    add(chunk.subarray(start));
  }
  const rest = line();
  if (rest.text !== '') yield rest;
}

async function* readChunks(path: string, holds: string): AsyncGenerator<Buffer, void> {
  try {
    // Links are followed: a person names the list. A pipe would wait for ever, and be empty the second time.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await handle.stat()).isFile()) throw new Error('a folder, or no plain file');
      for await (const chunk of handle.createReadStream({ autoClose: false })) {
        yield chunk as Buffer;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadableFile(path, error, holds);
  }
}

/** What the system says of a file, as an error of ours. */
export function unreadableFile(path: string, cause: unknown, holds: string = A_LIST): LacunaError {
  if (cause instanceof LacunaError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const told = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError(
    {
      what: 'the file cannot be read',
      where: path,
      got: code === 'ENOENT' ? 'no file of this name (ENOENT)' : (code ?? told),
      expected: `a file with ${holds}`,
    },
    { cause },
  );
}
