import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Sha256 } from '../../core/sha256.js';
import { codeOf } from '../../formats/file-operations.js';
import { fileDigest, readPlainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';
import { MAX_FILE_BYTES } from './limits.js';
import { refusal } from './refusal.js';
import { READ_FORMATS, unreadFormat } from './unread-formats.js';
import { filePath, type MemberPlace, shownPath, type VideoPath } from './video-path.js';

/** Bytes from the start of a file by which formats are told apart. */
const HEAD_BYTES = 64;
/** Digits of a digest that messages show. */
const SHOWN_DIGITS = 12;

/**
 * Refuses what is no ordinary file with something in it, or of a format that is not opened, before a
 * decoder sees it.
 *
 * @returns Its first bytes.
 */
export async function checkVideoFile(path: VideoPath): Promise<Buffer> {
  let bytes: number;
  let head: Buffer;
  try {
    const facts = await stat(filePath(path));
    if (!facts.isFile()) throw refusal(path, 'this is not an ordinary file');
    bytes = typeof path === 'string' ? facts.size : path.bytes;
    head = bytes === 0 ? Buffer.alloc(0) : await bytesAt(path, Math.min(bytes, HEAD_BYTES));
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
      where: shownPath(path),
      got: `${bytes} bytes`,
      expected: `at most ${MAX_FILE_BYTES}`,
      fix: 'Cut it into shorter clips.',
    });
  }
  return head;
}

/** How many bytes a video has. @throws LacunaError where that cannot be told. */
export async function videoBytes(path: VideoPath): Promise<number> {
  if (typeof path !== 'string') return path.bytes;
  const facts = await stat(path).catch((error: unknown) => {
    throw refusal(path, `the file cannot be read (${codeOf(error)})`);
  });
  return facts.size;
}

/** The bytes of a video, piece by piece. @throws LacunaError where they cannot be read, or a tar ends before them. */
export async function* videoPieces(path: VideoPath): AsyncGenerator<Uint8Array, void> {
  const isInTar = typeof path !== 'string';
  if (isInTar && path.bytes === 0) return;
  const range = isInTar ? { start: path.offset, end: path.offset + path.bytes - 1 } : {};
  let read = 0;
  try {
    for await (const piece of createReadStream(filePath(path), {
      ...range,
      highWaterMark: 2 ** 20,
    })) {
      yield piece as Uint8Array;
      read += (piece as Uint8Array).length;
    }
  } catch (error) {
    if (error instanceof LacunaError) throw error;
    throw refusal(path, `the file cannot be read (${codeOf(error)})`);
  }
  if (isInTar && read < path.bytes) throw refusal(path, 'the tar is cut off');
}

/** The bytes of a video. @throws LacunaError for more than `most`, and where they cannot be read. */
export async function readVideo(path: VideoPath, most: number): Promise<Buffer> {
  if (typeof path === 'string') return readPlainFile(path, most);
  if (path.bytes > most)
    throw refusal(path, 'the file is too large', `${path.bytes} bytes, where ${most} are the most`);
  return bytesAt(path, path.bytes);
}

/** SHA-256 of a video's bytes, in hexadecimal. @throws LacunaError where they cannot be read. */
export async function videoDigest(path: VideoPath): Promise<string> {
  if (typeof path === 'string') return fileDigest(path);
  const digest = new Sha256();
  for await (const piece of videoPieces(path)) digest.update(piece);
  return digest.hex();
}

/** @throws LacunaError where the bytes of a member of a tar have another digest than the list says. */
export async function requireDigest(path: VideoPath, { sha256 }: MemberPlace): Promise<void> {
  const digest = await videoDigest(path);
  if (digest !== sha256) throw otherDigest(path, sha256, digest);
}

/** The error of a member of a tar whose bytes are not those of the list. */
export function otherDigest(path: VideoPath, expected: string, got: string): LacunaError {
  return new LacunaError({
    what: 'its bytes have changed since the index of the shards was made',
    where: shownPath(path),
    got: `SHA-256 ${got.slice(0, SHOWN_DIGITS)}`,
    expected: expected.slice(0, SHOWN_DIGITS),
    fix: 'Make the shard again; or, where its bytes are right, the index: lacuna shard FOLDER --index',
  });
}

/** The first bytes of a video, as many as there are. */
async function bytesAt(path: VideoPath, count: number): Promise<Buffer> {
  const file = await open(filePath(path), 'r');
  try {
    const from = typeof path === 'string' ? 0 : path.offset;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The error of a file whose format is known and not opened. */
function unread(path: VideoPath, format: string): LacunaError {
  return new LacunaError({
    what: `this is ${format}, which is not read here`,
    where: shownPath(path),
    expected: `a video as ${READ_FORMATS}`,
    fix: 'Convert it, for example with: ffmpeg -i FILE -c:v libx264 FILE.mp4',
  });
}
