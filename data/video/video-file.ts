import { stat } from 'node:fs/promises';
import { codeOf } from '../../formats/file-operations.js';
import { LacunaError } from '../../spec/errors.js';
import { MAX_FILE_BYTES } from './limits.js';
import { refusal } from './refusal.js';
import { READ_FORMATS, unreadFormat } from './unread-formats.js';

/** Refuses what is no ordinary file with something in it, or of a format that is not opened, before a decoder sees it. */
export async function checkVideoFile(path: string): Promise<void> {
  let bytes: number;
  let format: string | undefined;
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw refusal(path, 'this is not an ordinary file');
    bytes = facts.size;
    format = bytes === 0 ? undefined : await unreadFormat(path);
  } catch (error) {
    if (error instanceof LacunaError) throw error;
    throw refusal(path, `the file cannot be read (${codeOf(error)})`);
  }
  if (bytes === 0) throw refusal(path, 'the file is empty');
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
