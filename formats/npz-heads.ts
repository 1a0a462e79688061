import { type FileHandle, open } from 'node:fs/promises';
import { constants, createInflateRaw } from 'node:zlib';
import { LacunaError } from '../spec/errors.js';
import { NPY_HEAD, type NpyHead, wholeNpyHead } from './npy.js';
import { unreadable } from './plain-file.js';

/** An array of a `.npz` file, by its name without `.npy`. */
export interface NpzArray extends NpyHead {
  readonly name: string;
}

const FIX = 'Write it with numpy.savez(FILE, name=array).';
const MAX_ARRAYS = 1000;
/** Bytes of the list of what is in the archive. */
const MAX_LIST = 2 ** 20;
/** Bytes of what ends an archive: a record of 22, a comment, and before them what tells of 64 bits. */
const MAX_ENDING = 22 + 0xffff + 20;
/** Bytes that a header is unpacked from: it is text of few different characters. */
const PACKED_HEAD = 2 ** 14;

/**
 * Reads the headers of the arrays of a `.npz` file, as `numpy.savez` or `numpy.savez_compressed` writes it. Of each array
 * its first bytes are read.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 *
 * @throws LacunaError for what is no such file, is damaged, or holds more than 1000 arrays.
 */
export async function readNpzHeads(path: string): Promise<readonly NpzArray[]> {
  const handle = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const { size } = await handle.stat();
    const archive: Archive = { path, handle, size };
    const arrays: NpzArray[] = [];
    for (const member of await membersOf(archive)) arrays.push(await headOf(archive, member));
    return arrays;
  } finally {
    await handle.close();
  }
}

interface Archive {
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
}

interface Member {
  readonly name: string;
  readonly isPacked: boolean;
  /** Bytes as they lie there, and unpacked. */
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

async function bytesAt({ path, handle, size }: Archive, at: number, count: number) {
  const isInside = Number.isSafeInteger(at) && at >= 0 && count >= 0 && at + count <= size;
  if (!isInside) throw damaged(path, 'it points out of itself');
  const bytes = Buffer.alloc(count);
  const { bytesRead } = await handle.read(bytes, 0, count, at);
  if (bytesRead !== count) throw damaged(path, 'it ends early');
  return bytes;
}

/** The list of what is in the archive, which lies at its end. */
async function membersOf(archive: Archive): Promise<readonly Member[]> {
  const { path, size } = archive;
  const count = Math.min(size, MAX_ENDING);
  const ending = await bytesAt(archive, size - count, count);
  let at = ending.length - 22;
  while (at >= 0 && !endsAt(ending, at)) at -= 1;
  if (at < 0) throw damaged(path, 'no list of what is in it');
  let [members, bytes, start] = [
    ending.readUInt16LE(at + 10),
    ending.readUInt32LE(at + 12),
    ending.readUInt32LE(at + 16),
  ];
  if (at >= 20 && ending.readUInt32LE(at - 20) === 0x0706_4b50) {
    const wide = await bytesAt(archive, Number(ending.readBigUInt64LE(at - 12)), 56);
    if (wide.readUInt32LE(0) !== 0x0606_4b50)
      throw damaged(path, 'no list of 64 bits where it says');
    [members, bytes, start] = [32, 40, 48].map((place) => Number(wide.readBigUInt64LE(place))) as [
      number,
      number,
      number,
    ];
  }
  if (members > MAX_ARRAYS || bytes > MAX_LIST) {
    throw damaged(path, `${members} arrays, named in ${bytes} bytes`, `at most ${MAX_ARRAYS}`);
  }
  const list = await bytesAt(archive, start, bytes);
  const found: Member[] = [];
  for (let place = 0; found.length < members; ) {
    if (place + 46 > list.length || list.readUInt32LE(place) !== 0x0201_4b50)
      throw damaged(path, 'a list that ends early');
    const [name, extra, comment] = [28, 30, 32].map((each) => list.readUInt16LE(place + each)) as [
      number,
      number,
      number,
    ];
    found.push(memberOf(path, list.subarray(place, place + 46 + name + extra), name));
    place += 46 + name + extra + comment;
  }
  return found;
}

/** Whether an archive ends with the record that begins here: a comment of the length that it says is behind it. */
function endsAt(ending: Buffer, at: number): boolean {
  return (
    ending.readUInt32LE(at) === 0x0605_4b50 &&
    at + 22 + ending.readUInt16LE(at + 20) === ending.length
  );
}

function memberOf(path: string, entry: Buffer, nameLength: number): Member {
  const name = entry.subarray(46, 46 + nameLength).toString('utf8');
  const method = entry.readUInt16LE(10);
  if (!name.endsWith('.npy') || (method !== 0 && method !== 8) || entry.readUInt16LE(8) & 1) {
    throw damaged(path, JSON.stringify(name.slice(0, 100)), 'arrays, plain or deflated: NAME.npy');
  }
  const wide = wideSizes(entry.subarray(46 + nameLength));
  // The field of 64 bits has those that do not fit, in this order.
  const [size, packed, start] = [24, 20, 42].map((place) => {
    const value = entry.readUInt32LE(place);
    return value === 0xffff_ffff ? (wide.shift() ?? Number.NaN) : value;
  }) as [number, number, number];
  return { name: name.slice(0, -4), isPacked: method === 8, packed, size, start };
}

function wideSizes(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const bytes = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + bytes);
    if (extra.readUInt16LE(at) === 1) {
      return Array.from({ length: Math.floor(field.length / 8) }, (_, i) =>
        Number(field.readBigUInt64LE(8 * i)),
      );
    }
    at += 4 + bytes;
  }
  return [];
}

async function headOf(archive: Archive, member: Member): Promise<NpzArray> {
  const { name, isPacked, packed, size, start } = member;
  const where = `${archive.path}: ${name.slice(0, 100)}`;
  const local = await bytesAt(archive, start, 30);
  if (local.readUInt32LE(0) !== 0x0403_4b50) throw damaged(where, 'nothing begins where it says');
  const data = start + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (!(packed >= 0 && (isPacked || packed === size))) throw damaged(where, 'sizes that differ');
  const most = isPacked ? PACKED_HEAD : NPY_HEAD;
  const bytes = await bytesAt(archive, data, Math.min(packed, most));
  await bytesAt(archive, data + packed, 0); // its end lies inside, too
  const head = isPacked ? await unpacked(bytes, where) : bytes;
  return { name, ...wholeNpyHead(head, size, where, FIX) };
}

/**
 * What the first bytes are unpacked to, as far as a header may go: a thousand arrays may lie over the same few bytes, and
 * those stand for a thousand times as many.
 */
async function unpacked(bytes: Buffer, where: string): Promise<Buffer> {
  const stream = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  stream.end(bytes);
  const pieces: Buffer[] = [];
  let count = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece as Buffer);
      count += (piece as Buffer).length;
      if (count >= NPY_HEAD) break;
    }
    return Buffer.concat(pieces);
  } catch (cause) {
    throw damaged(where, cause instanceof Error ? cause.message : String(cause));
  }
}

function damaged(where: string, got: string, expected?: string): LacunaError {
  return new LacunaError({
    where,
    what: 'this is no .npz file, or a damaged one',
    got,
    ...(expected === undefined ? {} : { expected }),
    fix: FIX,
  });
}
