import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWriter, replaceFile, replaceFileBy, writeNewFile } from './whole-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-whole-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a file that is replaced', () => {
  it('holds the new content, and nothing lies beside it', async () => {
    const path = join(folder, 'a.txt');
    writeFileSync(path, 'old');
    await replaceFile(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('is as it was where its writer fails, and nothing lies beside it', async () => {
    const path = join(folder, 'a.txt');
    writeFileSync(path, 'old');
    const half = replaceFileBy(path, async (partial) => {
      writeFileSync(partial, 'ne');
      throw new Error('the disk is full');
    });
    await expect(half).rejects.toThrow('the disk is full');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });
});

describe('a file that is written piece by piece', () => {
  it('is told its bytes and the SHA-256 of all of them', async () => {
    const path = join(folder, 'a.txt');
    const writer = await FileWriter.create(path);
    await writer.write('ab');
    await writer.write(Uint8Array.of(0x63));
    // The test vector of FIPS 180-2 for "abc".
    expect(await writer.finish()).toEqual({
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
    expect(readFileSync(path, 'utf8')).toBe('abc');
  });

  it('takes no place that is taken', async () => {
    const path = join(folder, 'a.txt');
    writeFileSync(path, 'old');
    await expect(writeNewFile(path, 'new')).rejects.toThrow('EEXIST');
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });
});
