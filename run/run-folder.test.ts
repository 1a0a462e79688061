import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../core/testing/refusal.js';
import { RunFolder, readManifest, taskOf } from './run-folder.js';
import { parseConfig } from './settings/parse-config.js';
import { resolveSettings } from './settings/settings.js';
import { testManifest } from './testing/manifest.js';

const MANIFEST = testManifest(
  resolveSettings(
    parseConfig({ preset: 'tiny-mae', data: { list: 'clips.jsonl' }, output: 'run' }),
  ),
);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-run-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder with one file in it. */
async function folderWith(name: string, file: string, content: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, file), content);
  return path;
}

describe('a run begins', () => {
  it('in a new folder, and can be read back', async () => {
    const { path } = await RunFolder.create(join(folder, 'new', 'run'), MANIFEST);
    expect(await readManifest(path)).toEqual(MANIFEST);
  });

  it("again where one was killed before it had its manifest: what that left is gone, and in nobody's way", async () => {
    const path = await folderWith('killed', 'initial.safetensors', 'half of it');
    await writeFile(join(path, 'problems.jsonl'), '{}\n');
    await writeFile(join(path, 'lock'), `${spawnSync(process.execPath, ['--version']).pid}`);
    const { initial } = await RunFolder.create(path, MANIFEST, async (created) => {
      // As weights are written: a file that exists is an error.
      await writeFile(created.initial, 'whole', { flag: 'wx' });
      return {};
    });
    expect(await readFile(initial, 'utf8')).toBe('whole');
    await expect(readFile(join(path, 'problems.jsonl'))).rejects.toThrow(/ENOENT/);
  });

  it('in no folder that holds a run', async () => {
    const { path } = await RunFolder.create(join(folder, 'twice'), MANIFEST);
    expect(await refusalOf(RunFolder.create(path, MANIFEST))).toBe(
      `${path}: a run is there already. Continue it with --resume ${path}, or choose another folder with --output.`,
    );
  });

  it('in no folder that holds anything else', async () => {
    const path = await folderWith('full', 'thesis.tex', '');
    expect(await refusalOf(RunFolder.create(path, MANIFEST))).toBe(
      `${path}: the folder is not empty and holds no run; got thesis.tex. Choose another folder with --output, or empty this one.`,
    );
  });

  it('not in a file', async () => {
    const path = join(await folderWith('file', 'notes', ''), 'notes');
    expect(await refusalOf(RunFolder.create(path, MANIFEST))).toBe(
      `${path}: the run folder cannot be used; got ENOTDIR. Choose another folder with --output.`,
    );
  });
});

describe('a manifest', () => {
  it('says what the folder holds; weights of others hold no run', async () => {
    const { path } = await RunFolder.create(join(folder, 'told'), MANIFEST);
    expect(await taskOf(path)).toBe('pretrain');
    expect(await taskOf(await folderWith('weights', 'config.json', '{}'))).toBeUndefined();
  });

  it('must be there', async () => {
    expect(await refusalOf(readManifest(folder))).toBe(
      `${folder}: this folder holds no run: it has no manifest.json. Name the folder that training wrote; if a run was killed in its first second, start it anew.`,
    );
  });

  it('lies in a folder, not in a file', async () => {
    const file = join(await folderWith('named', 'a.txt', 'x'), 'a.txt');
    expect(await refusalOf(readManifest(file))).toBe(
      `${file}: this is no folder of a run; got a file. Name the folder that training wrote.`,
    );
  });

  it.each([
    ['text', 'no JSON', 'Unexpected token \'o\', "no JSON" is not valid JSON'],
    ['half', '{"format": 1}', 'keys are missing'],
    ['later', JSON.stringify({ ...MANIFEST, format: 2 }), 'keys are missing'],
    ['large', ' '.repeat(2 ** 20 + 1), 'this file is too large (1048577 bytes)'],
  ])('is refused where it is damaged: %s', async (name, content, problem) => {
    const path = await folderWith(name, 'manifest.json', content);
    expect(await refusalOf(RunFolder.resume(path, 'pretrain'))).toBe(
      `${join(path, 'manifest.json')}: the manifest of this run is damaged; got ${problem}. Restore it from a copy, or start the run anew in another folder.`,
    );
  });
});

describe('the lock of a run', () => {
  it('keeps others out while its process lives', async () => {
    const run = await RunFolder.create(join(folder, 'held'), MANIFEST);
    expect(await refusalOf(RunFolder.resume(run.path, 'pretrain'))).toContain(
      `${run.path}: another process is writing this run (process ${process.pid} on `,
    );
    await run.release();
    await (await RunFolder.resume(run.path, 'pretrain')).release();
  });

  it('as older versions wrote it keeps others out, too', async () => {
    const run = await RunFolder.create(join(folder, 'old'), MANIFEST);
    // The process that started this one runs for longer than it.
    const lock = join(run.path, 'lock');
    await writeFile(lock, `${process.ppid}`);
    expect(await refusalOf(RunFolder.resume(run.path, 'pretrain'))).toBe(
      `${run.path}: another process is writing this run (process ${process.ppid}). Wait until it ends, or stop it; if you know that it is gone, delete ${lock}.`,
    );
    // A process that has the number now, but began after the lock was written.
    await utimes(lock, 1, 1);
    await (await RunFolder.resume(run.path, 'pretrain')).release();
  });

  it.each([
    ['of a process that is gone', () => `${spawnSync(process.execPath, ['--version']).pid}`],
    ['that a kill cut off', () => ''],
  ])('%s is taken over', async (name, content) => {
    const { path } = await RunFolder.create(join(folder, name), MANIFEST);
    await writeFile(join(path, 'lock'), content());
    const resumed = await RunFolder.resume(path, 'pretrain');
    expect(JSON.parse(await readFile(join(path, 'lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await resumed.release();
  });
});
