import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytesTold } from './container-end.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-end-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function told(bytes: Uint8Array): Promise<number | undefined> {
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  return bytesTold(path);
}

const box = (type: string, size: number, held = size): Buffer => {
  const bytes = Buffer.alloc(held);
  bytes.writeUInt32BE(size);
  bytes.write(type, 4, 'latin1');
  return bytes;
};

it('of an MP4 is the end of its last box', async () => {
  expect(await told(Buffer.concat([box('ftyp', 24), box('mdat', 100)]))).toBe(124);
  expect(await told(Buffer.concat([box('ftyp', 24), box('mdat', 5000, 100)]))).toBe(5024);
  const long = Buffer.alloc(32);
  long.writeUInt32BE(1);
  long.write('mdat', 4, 'latin1');
  long.writeBigUInt64BE(2n ** 33n, 8);
  expect(await told(Buffer.concat([box('ftyp', 24), long]))).toBe(24 + 2 ** 33);
  // To wherever the end is; and a box of no size, which is none.
  expect(await told(Buffer.concat([box('ftyp', 24), box('mdat', 0, 50)]))).toBeUndefined();
  expect(await told(Buffer.concat([box('ftyp', 24), box('mdat', 4, 50)]))).toBeUndefined();
});

it('of a Matroska is the end of its segment', async () => {
  const whole = await readFile(join(import.meta.dirname, '../video/fixtures/pixel-crop.mkv'));
  expect(await told(whole)).toBe(whole.length);
  expect(await told(whole.subarray(0, whole.length >> 1))).toBe(whole.length);
  const unknown = Buffer.from(`1a45dfa3801853806701ffffffffffffff${'00'.repeat(40)}`, 'hex');
  expect(await told(unknown)).toBeUndefined();
});

it('is not told by what is none of these, or empty', async () => {
  expect(await told(Buffer.alloc(0))).toBeUndefined();
  expect(await told(Buffer.from('GIF89a, and so on, and so on'))).toBeUndefined();
});
