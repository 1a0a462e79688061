import type { FileHandle } from 'node:fs/promises';
import { openPlainIfThere } from './file-operations.js';
import { MAX_LINE_BYTES, parseLine } from './line-file.js';
import { LineSplitter } from './line-splitter.js';

const NEWLINE = 0x0a;
const PIECE_BYTES = 2 ** 18;
/** Bytes at the end of a file in which its last line is looked for. */
const TAIL_BYTES = 2 ** 17;

/** Told of what a file has that was followed. */
export interface LineListener<T> {
  /** The file is another, or shorter: what was told of it before counts no more. */
  readonly onAfresh: () => void;
  readonly onValue: (value: T) => void;
}

/**
 * Follows a `LineFile` that another process writes: each reading tells what was added since. Lines that are
 * damaged are left out; one that is not ended yet waits.
 */
export class LineFollower<T> {
  readonly #path: string;
  readonly #parse: (value: unknown) => T | undefined;
  #file: number | undefined;
  #position = 0;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);

  constructor(path: string, parse: (value: unknown) => T | undefined) {
    this.#path = path;
    this.#parse = parse;
  }

  /** @throws LacunaError for what is no plain file. */
  async read(listener: LineListener<T>): Promise<void> {
    await withFile(this.#path, async (handle, size) => {
      const { ino } = await handle.stat();
      if (this.#file !== ino || size < this.#position) {
        if (this.#file !== undefined) listener.onAfresh();
        this.#file = ino;
        this.#position = 0;
        this.#lines.clear();
      }
      const piece = Buffer.alloc(PIECE_BYTES);
      while (this.#position < size) {
        const length = Math.min(PIECE_BYTES, size - this.#position);
        const { bytesRead } = await handle.read(piece, 0, length, this.#position);
        if (bytesRead === 0) return;
        this.#position += bytesRead;
        for (const line of this.#lines.push(piece.subarray(0, bytesRead))) {
          const value = parseLine(line, this.#parse);
          if (value !== undefined) listener.onValue(value);
        }
      }
    });
  }
}

/**
 * The last line of a `LineFile` that is none of the damaged, read from its end; undefined where there is none.
 *
 * @throws LacunaError for what is no plain file.
 */
export async function lastLine<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
): Promise<T | undefined> {
  let found: T | undefined;
  await withFile(path, async (handle, size) => {
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await handle.read(tail, 0, tail.length, size - tail.length);
    let end = tail.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    while (end >= 0 && found === undefined) {
      const start = end === 0 ? -1 : tail.lastIndexOf(NEWLINE, end - 1);
      found = parseLine(tail.subarray(start + 1, end), parse);
      end = start;
    }
  });
  return found;
}

/** A file that is missing is as one without lines. */
async function withFile(
  path: string,
  use: (handle: FileHandle, size: number) => Promise<void>,
): Promise<void> {
  const opened = await openPlainIfThere(path);
  if (opened === undefined) return;
  try {
    await use(opened.handle, opened.size);
  } finally {
    await opened.handle.close();
  }
}
