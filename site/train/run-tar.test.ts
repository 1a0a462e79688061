import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TAR_END, tarHeader } from '../../formats/tar.js';
import { LacunaError } from '../../spec/errors.js';
import { tarOf, type UnpackedRun, unpackRun } from './run-tar.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-run-tar-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MANIFEST = new TextEncoder().encode('{"settings":{}}');
const FILES = new Map([
  ['x/run/manifest.json', MANIFEST],
  ['x/data/manifest.json', new TextEncoder().encode('{"generator":"lacuna demo data"}')],
  ['x/run/checkpoints/a.safetensors', new Uint8Array(1000).fill(7)],
  ['x/run/empty', new Uint8Array()],
]);

/** What becomes of these bytes, unpacked into a folder of this name. */
async function unpacked(tar: Uint8Array, name: string): Promise<UnpackedRun> {
  const path = join(folder, `${name.replace('/', '-')}.tar`);
  writeFileSync(path, tar);
  return unpackRun(path, join(folder, name));
}

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
    expect(await unpackRun(packed, out)).toEqual({ run: 'x/run', root: '.' });
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
    await expect(unpacked(bytes, `in/${i}`)).rejects.toThrow(message);
  }
  expect(existsSync(join(folder, 'in', 'out'))).toBe(false);
});

it('leaves out the folders above the one that the run lies in, and what a killed process left', async () => {
  const above = 'a-long-name/'.repeat(4);
  const files = new Map([
    [`${above}x/run/manifest.json`, MANIFEST],
    [`${above}x/run/lock`, MANIFEST],
    [`${above}x/run/checkpoints/b.partial-1`, MANIFEST],
    ['.opened', MANIFEST],
  ]);
  // What lies beside keeps all of it.
  expect(await unpacked(tarOf(files), 'beside')).toEqual({ run: `${above}x/run`, root: '.' });
  expect(new Uint8Array(readFileSync(join(folder, 'beside', '.opened')))).toEqual(MANIFEST);
  files.delete('.opened');
  const found = await unpacked(tarOf(files), 'above');
  expect(found).toEqual({ run: `${above}x/run`, root: above.slice(0, -1) });
  expect(readdirSync(join(folder, 'above', found.run))).toEqual(['manifest.json']);
  // Names from there on are what a tar is made of again.
  const long = 'long'.repeat(21);
  const tar = join(folder, 'long.tar');
  mkdirSync(join(folder, 'long', above, 'x', 'run', 'checkpoints'), { recursive: true });
  writeFileSync(join(folder, 'long', above, 'x', 'run', 'manifest.json'), MANIFEST);
  writeFileSync(join(folder, 'long', above, 'x', 'run', long), MANIFEST);
  execFileSync('tar', ['-cf', tar, '-C', join(folder, 'long'), '.']);
  expect((await unpackRun(tar, join(folder, 'long-out'))).root).toBe(above.slice(0, -1));
  writeFileSync(join(folder, 'long', above, 'x', 'run', 'checkpoints', long), MANIFEST);
  execFileSync('tar', ['-cf', tar, '-C', join(folder, 'long'), '.']);
  await expect(unpackRun(tar, join(folder, 'longer-out'))).rejects.toThrow(
    /could not be handed over again.*shorter names/,
  );
});

it('refuses a name that is a file and a folder, and folders without end, in a sentence', async () => {
  for (const [i, [names, message]] of (
    [
      [
        ['run/manifest.json', 'run/a/b', 'run/a'],
        /run\/a: this file of the tar cannot be unpacked/,
      ],
      [['run/manifest.json', 'run/a', 'run/a/b'], /run\/a\/b: this file of the tar cannot be/],
      [['run/manifest.json', `${'a/'.repeat(20)}b`], /got 21 parts/],
    ] as const
  ).entries()) {
    const tar = tarOf(new Map(names.map((name) => [name, MANIFEST])));
    const failure: unknown = await unpacked(tar, `both/${i}`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LacunaError);
    expect(String(failure)).toMatch(message);
  }
});
