import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LacunaError } from '../spec/errors.js';
import { unreadable } from './plain-file.js';

/** Tars are read and written in blocks of so many bytes. */
export const TAR_BLOCK = 512;
/** Two blocks of zeros end a tar. */
export const TAR_END: Uint8Array = new Uint8Array(2 * TAR_BLOCK);
/** Members of one tar. */
const MAX_MEMBERS: number = 2 ** 24;
/** Bytes of the texts that say a member's long name. */
const MAX_NAME_BYTES = 2 ** 16;
/** Bytes of a name that `tarHeader` writes. */
export const MAX_WRITTEN_NAME = 100;
/** The largest size that 11 octal digits tell. */
const MAX_SIZE = 8 ** 11 - 1;

/** A file in a tar. */
export interface TarMember {
  /** Its path in the tar: relative, with forward slashes, without `..`. */
  readonly name: string;
  /** Where its bytes begin. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The header of a file in a tar (POSIX ustar), always the same for a name and a size: no owner, no time.
 *
 * @throws LacunaError for a name of more than 100 bytes, or one that leads out of a folder, and for more
 * than 8 GiB.
 */
export function tarHeader(name: string, bytes: number): Uint8Array {
  const encoded = Buffer.from(name);
  if (encoded.length > MAX_WRITTEN_NAME || !isInnerName(name) || !(bytes <= MAX_SIZE)) {
    throw new LacunaError({
      what: 'a tar cannot hold this file',
      where: name.slice(0, MAX_WRITTEN_NAME),
      got: `${bytes} bytes`,
      expected: `a relative name of at most ${MAX_WRITTEN_NAME} bytes, and at most ${MAX_SIZE} bytes`,
    });
  }
  const block = Buffer.alloc(TAR_BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  encoded.copy(block);
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes, 124, 11);
  octal(0, 136, 11);
  block.write('0', 156, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  octal(checksumOf(block), 148, 6);
  block.write('\0 ', 154, 'latin1');
  return block;
}

/** How many bytes a member of so many takes up behind its header. */
export function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / TAR_BLOCK) * TAR_BLOCK;
}

/**
 * The files in a tar, by their headers alone: their bytes are not read. GNU's and POSIX's long names are
 * understood; folders are passed over.
 *
 * @throws LacunaError for what is no tar, for one that is cut off, for links and devices in it, and for
 * names that lead out of a folder.
 */
export async function* tarMembers(path: string): AsyncGenerator<TarMember, void> {
  const { handle, size } = await openTar(path);
  try {
    let given: { name?: string; bytes?: number } = {};
    let members = 0;
    for (let at = 0; at < size; ) {
      const header = headerIn(path, await blockAt(handle, at), at);
      if (header === undefined) return;
      const { type, name, bytes: told } = header;
      const isAbout = isText(header);
      const bytes = isAbout ? told : (given.bytes ?? told);
      const offset = at + TAR_BLOCK;
      if (!(offset + bytes <= size)) throw cutOff(path, at, bytes, size);
      if (isAbout) {
        if (bytes > MAX_NAME_BYTES) throw broken(path, at, `a name of ${bytes} bytes`);
        const text = Buffer.alloc(bytes);
        await handle.read(text, 0, bytes, offset);
        if (type === 'L') given = { ...given, name: text.toString('utf8').replace(/\0.*$/s, '') };
        if (type === 'x') given = { ...given, ...extended(path, at, text) };
      } else {
        const own = given.name ?? name;
        given = {};
        if (!isFolder(header)) {
          if (!isFile(header)) throw broken(path, at, `${show(own)}, which is a link or a device`);
          if (!isInnerName(own)) throw broken(path, at, `the name ${show(own)}`);
          if (++members > MAX_MEMBERS) throw broken(path, at, `more than ${MAX_MEMBERS} files`);
          yield { name: own, offset, bytes };
        }
      }
      at = offset + paddedBytes(bytes);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Where so many members lie that follow each other: the first begins at `offset`, the last ends `bytes` behind
 * it; by the headers before them, folders passed over. The names in these are not looked at: where a name is long or not ASCII,
 * writers put others, or parts of it, there.
 *
 * @returns Undefined where the file has others there, or none.
 * @throws LacunaError where it cannot be read.
 */
export async function tarMembersAt(
  path: string,
  { offset, bytes }: Omit<TarMember, 'name'>,
  count: number,
): Promise<readonly Omit<TarMember, 'name'>[] | undefined> {
  const { handle, size } = await openTar(path);
  const end = offset + bytes;
  try {
    if (offset < TAR_BLOCK || !(end <= size)) return undefined;
    const places: Omit<TarMember, 'name'>[] = [];
    for (let from = offset; places.length < count; ) {
      const at = from - TAR_BLOCK;
      const header = headerIn(path, await blockAt(handle, at), at);
      if (header === undefined || from + header.bytes > end) return undefined;
      if (isFile(header)) places.push({ offset: from, bytes: header.bytes });
      else if (places.length === 0 || !(isText(header) || isFolder(header))) return undefined;
      from += paddedBytes(header.bytes) + TAR_BLOCK;
    }
    const last = places.at(-1);
    return last !== undefined && last.offset + last.bytes === end ? places : undefined;
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

/** Whether a header is of a text about the next member: its long name, its times. */
function isText({ type }: Header): boolean {
  return type === 'x' || type === 'L' || type === 'g' || type === 'K';
}

function isFolder({ type }: Header): boolean {
  return type === '5';
}

/** Whether a header is of a file with bytes, not of a link, a device, a folder or a text about the next. */
function isFile({ type }: Header): boolean {
  return type === '0' || type === '\0' || type === '7';
}

async function openTar(path: string): Promise<{ handle: FileHandle; size: number }> {
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const handle = await open(path, O_RDONLY | O_NONBLOCK).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const facts = await handle.stat();
  if (facts.isFile()) return { handle, size: facts.size };
  await handle.close();
  throw new LacunaError({ where: path, what: 'this is not a plain file' });
}

async function blockAt(handle: FileHandle, at: number): Promise<Buffer> {
  const block = Buffer.alloc(TAR_BLOCK);
  const { bytesRead } = await handle.read(block, 0, TAR_BLOCK, at);
  return block.subarray(0, bytesRead);
}

interface Header {
  readonly type: string;
  readonly name: string;
  readonly bytes: number;
}

/** What a header says; undefined for a block of zeros, which ends the tar. */
function headerIn(path: string, block: Buffer, at: number): Header | undefined {
  if (block.length === TAR_BLOCK && block.every((byte) => byte === 0)) return undefined;
  const text = (from: number, to: number): string => {
    const end = block.indexOf(0, from);
    return block.toString('utf8', from, end < 0 ? to : Math.min(end, to));
  };
  const octal = (from: number, to: number): number => {
    const digits = text(from, to).trim();
    return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  if (block.length < TAR_BLOCK || octal(148, 156) !== checksumOf(block))
    throw broken(path, at, at === 0 ? 'other bytes than a tar begins with' : 'no header');
  const bytes = octal(124, 136);
  if (Number.isNaN(bytes)) throw broken(path, at, 'a size that is no number');
  const prefix = text(257, 262) === 'ustar' && block[262] === 0 ? text(345, 500) : '';
  const name = text(0, 100);
  const type = String.fromCharCode(block[156] ?? 0);
  return { type, name: prefix === '' ? name : `${prefix}/${name}`, bytes };
}

/** The sum of a header's bytes, with blanks for the sum itself. */
function checksumOf(block: Uint8Array): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

/** The name and the size of POSIX's extended header: lines of `LENGTH KEY=VALUE`. */
function extended(path: string, at: number, text: Buffer): { name?: string; bytes?: number } {
  const found: { name?: string; bytes?: number } = {};
  for (let from = 0; from < text.length; ) {
    const [, digits = ''] = /^(\d{1,6}) /.exec(text.toString('latin1', from, from + 8)) ?? [];
    const length = Number(digits);
    const line = text.subarray(from, from + length);
    if (length <= digits.length + 1 || line.at(-1) !== 0x0a)
      throw broken(path, at, 'an extended header that is none');
    const [, key, value = ''] = /^\d+ ([^=]*)=(.*)\n$/s.exec(line.toString('utf8')) ?? [];
    if (key === 'path') found.name = value;
    if (key === 'size' && /^\d{1,15}$/.test(value)) found.bytes = Number(value);
    from += length;
  }
  return found;
}

/** Whether a name stays in the folder that a tar stands for. */
function isInnerName(name: string): boolean {
  if (name === '' || name.length > 1024 || /[\p{Cc}\\\ufffd]|^[a-z]:/iu.test(name)) return false;
  const parts = name.replace(/^\.\//, '').split('/');
  return parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

function cutOff(path: string, at: number, bytes: number, size: number): LacunaError {
  return new LacunaError({
    where: path,
    what: 'the tar is cut off',
    got: `a file of ${bytes} bytes behind byte ${at}, of ${size} in all`,
  });
}

function broken(path: string, at: number, got: string): LacunaError {
  return new LacunaError({
    where: path,
    what: 'this is no tar that can be read',
    got: `${got} at byte ${at}`,
    expected: 'files with relative names',
  });
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
