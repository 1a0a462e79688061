import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TAR_END, tarHeader } from '../../formats/tar.js';
import { tarOf, unpackRun } from './run-tar.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-run-tar-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MANIFEST = new TextEncoder().encode('{"settings":{}}');
const FILES = new Map([
  ['x/run/manifest.json', MANIFEST],
  ['x/data/manifest.json', new TextEncoder().encode('{"generator":"lacuna demo data"}')],
  ['x/run/checkpoints/a.safetensors', new Uint8Array(1000).fill(7)],
  ['x/run/empty', new Uint8Array()],
]);

it('is a tar that tar unpacks, and the page unpacks what tar packs', async () => {
  writeFileSync(join(folder, 'own.tar'), tarOf(FILES));
  mkdirSync(join(folder, 'theirs'));
  execFileSync('tar', ['-xf', join(folder, 'own.tar'), '-C', join(folder, 'theirs')]);
  for (const [name, bytes] of FILES)
    expect(new Uint8Array(readFileSync(join(folder, 'theirs', name)))).toEqual(bytes);
  for (const [i, args] of [['x'], ['.'], ['--format=pax', './x']].entries()) {
    const packed = join(folder, `packed-${i}.tar`);
    execFileSync('tar', ['-cf', packed, '-C', join(folder, 'theirs'), ...args]);
    const out = join(folder, `out-${i}`);
    expect(await unpackRun(readFileSync(packed), out)).toBe(join(out, 'x', 'run'));
    for (const [name, bytes] of FILES)
      expect(new Uint8Array(readFileSync(join(out, name)))).toEqual(bytes);
  }
});

it('refuses what holds no run, and names that lead out of its folder', async () => {
  const member = (name: string, written = name): Uint8Array => {
    const header = Buffer.from(tarHeader(name, MANIFEST.length));
    header.fill(0, 0, 100);
    header.write(written);
    let sum = 0;
    header.fill(' ', 148, 156);
    for (const byte of header) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const body = Buffer.alloc(512);
    body.set(MANIFEST);
    return Buffer.concat([header, body]);
  };
  for (const [i, [bytes, message]] of (
    [
      [tarOf(new Map([['a', MANIFEST]])), /holds no run.*1 files/],
      [
        Buffer.concat([member('aaaaaaaa', '../out/manifest.json'), TAR_END]),
        /no tar that can be read/,
      ],
      [
        Buffer.concat([member('aaaaaaaa', '/out/manifest.json'), TAR_END]),
        /no tar that can be read/,
      ],
      [new Uint8Array(), /holds no run/],
      [tarOf(FILES).subarray(0, 3000), /cut off/],
    ] as const
  ).entries()) {
    await expect(unpackRun(bytes, join(folder, 'in', `${i}`))).rejects.toThrow(message);
  }
  expect(existsSync(join(folder, 'in', 'out'))).toBe(false);
});
