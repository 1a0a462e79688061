import { open, stat } from 'node:fs/promises';
import { codeOf } from '../../formats/file-operations.js';
import { LacunaError } from '../../spec/errors.js';
import { MAX_FILE_BYTES } from './limits.js';
import { refusal } from './refusal.js';
import { READ_FORMATS, unreadFormat } from './unread-formats.js';

/** Bytes from the start of a file by which formats are told apart. */
const HEAD_BYTES = 64;

/**
 * Refuses what is no ordinary file with something in it, or of a format that is not opened, before a
 * decoder sees it.
 *
 * @returns Its first bytes.
 */
export async function checkVideoFile(path: string): Promise<Buffer> {
  let bytes: number;
  let head: Buffer;
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw refusal(path, 'this is not an ordinary file');
    bytes = facts.size;
    head = bytes === 0 ? Buffer.alloc(0) : await headOf(path);
  } catch (error) {
    if (error instanceof LacunaError) throw error;
    throw refusal(path, `the file cannot be read (${codeOf(error)})`);
  }
  if (bytes === 0) throw refusal(path, 'the file is empty');
  const format = unreadFormat(head);
  if (format !== undefined) throw unread(path, format);
  if (bytes > MAX_FILE_BYTES) {
    throw new LacunaError({
      what: 'the file is too large',
      where: path,
      got: `${bytes} bytes`,
      expected: `at most ${MAX_FILE_BYTES}`,
      fix: 'Cut it into shorter clips.',
    });
  }
  return head;
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The error of a file whose format is known and not opened. */
function unread(path: string, format: string): LacunaError {
  return new LacunaError({
    what: `this is ${format}, which is not read here`,
    where: path,
    expected: `a video as ${READ_FORMATS}`,
    fix: 'Convert it, for example with: ffmpeg -i FILE -c:v libx264 FILE.mp4',
  });
}
