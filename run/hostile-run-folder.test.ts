import { execFileSync } from 'node:child_process';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { refusalOf } from '../core/testing/refusal.js';
import type { StateSpec } from '../spec/index.js';
import { lastGoodCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { RunManifest } from './manifest.js';
import { RunFolder, readManifest, readMetrics } from './run-folder.js';
import { placedSettings } from './run-paths.js';
import { parseConfig } from './settings/parse-config.js';
import { resolveSettings } from './settings/settings.js';
import { testManifest } from './testing/manifest.js';

const WEIGHT: StateSpec = {
  name: 'weight',
  shape: [1],
  role: 'parameter',
  init: { kind: 'constant', value: 0 },
  decay: true,
};
const read = async (): Promise<HostTensor> => ({
  dtype: 'f32',
  shape: [1],
  data: Float32Array.of(1),
});

const folders: string[] = [];
let folder = '';
let run = '';
/** A file of somebody else, which nothing may change. */
let theirs = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-hostile-'));
  folders.push(folder);
  run = join(folder, 'run');
  theirs = join(folder, 'theirs');
  await writeFile(theirs, 'theirs\n');
  const opened = await RunFolder.create(run, manifestWith({ list: 'a.jsonl' }));
  await opened.appendProblem({ id: 'a', reason: 'b' });
  await opened.release();
});
afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

function manifestWith(data: object, output = 'run'): RunManifest {
  return testManifest(resolveSettings(parseConfig({ preset: 'tiny-mae', data, output })));
}

async function goOn(): Promise<void> {
  const opened = await RunFolder.resume(run, 'pretrain');
  try {
    await opened.appendProblem({ id: 'c', reason: 'd' });
    await opened.appendMetrics({
      step: 1,
      epoch: 0,
      metrics: {},
      learningRate: 0,
      stepSeconds: 0,
      waitSeconds: 0,
    });
    await writeCheckpoint(opened.checkpoints, 1, [WEIGHT], read, 1);
  } finally {
    await opened.release();
  }
}

describe("a stranger's run folder", () => {
  it.each(['problems.jsonl', 'metrics.jsonl', 'lock', 'manifest.json', 'checkpoints'])(
    'is not gone on with where %s is a link',
    async (name) => {
      await rm(join(run, name), { force: true });
      await symlink(theirs, join(run, name));
      expect(await refusalOf(goOn())).toMatch(/a link/);
      expect(await readFile(theirs, 'utf8')).toBe('theirs\n');
    },
  );

  it.each(['problems.jsonl', 'manifest.json', 'lock'])(
    'is not waited for where %s is a pipe',
    async (name) => {
      await rm(join(run, name), { force: true });
      execFileSync('mkfifo', [join(run, name)]);
      expect(await refusalOf(goOn())).toMatch(/pipe/);
    },
  );

  it('changes no file that has a second name elsewhere', async () => {
    await rm(join(run, 'problems.jsonl'));
    await link(theirs, join(run, 'problems.jsonl'));
    await goOn();
    expect(await readFile(theirs, 'utf8')).toBe('theirs\n');
    expect(await readFile(join(run, 'problems.jsonl'), 'utf8')).toContain('"id":"c"');
  });

  it('loses no checkpoint of another run through links', async () => {
    const other = join(folder, 'other');
    await writeCheckpoint(other, 7, [WEIGHT], read, 1);
    await mkdir(join(run, 'checkpoints'));
    for (const name of ['step-00000001', 'step-00000000', '.partial-step-00000001']) {
      await symlink(join(other, 'step-00000007'), join(run, 'checkpoints', name));
    }
    expect(await lastGoodCheckpoint(join(run, 'checkpoints'))).toBeUndefined();
    await goOn();
    expect((await lastGoodCheckpoint(other))?.step).toBe(7);
    expect((await lstat(join(run, 'checkpoints', 'step-00000001'))).isDirectory()).toBe(true);
  });

  it('has lines that are none passed over, and told of', async () => {
    const lines = [
      '{"step":1',
      '[]',
      '{"step":"<b>"}',
      '\0'.repeat(99),
      `{"step":${'9'.repeat(2e6)}}`,
    ];
    await writeFile(join(run, 'metrics.jsonl'), lines.join('\n'));
    const notes: string[] = [];
    expect(await readMetrics(run, (text) => notes.push(text))).toEqual([]);
    expect(notes).toEqual([`${join(run, 'metrics.jsonl')}: 5 damaged lines are left out.`]);
  });

  it('has a manifest that does not change unnoticed', async () => {
    const file = join(run, 'manifest.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"seed": 0', '"seed": 1'));
    expect(await refusalOf(readManifest(run))).toContain('it has changed since it was written');
  });
});

describe('a beginning that fails', () => {
  it('leaves nothing, and can be tried again', async () => {
    const path = join(folder, 'new');
    const failing = RunFolder.create(
      path,
      manifestWith({ list: 'a.jsonl' }),
      async ({ tokenizer }) => {
        await writeFile(tokenizer, '{');
        throw new Error('no space');
      },
    );
    await expect(failing).rejects.toThrow('no space');
    expect(await readdir(path)).toEqual([]);
    await (await RunFolder.create(path, manifestWith({ list: 'a.jsonl' }))).release();
  });
});

describe('the paths of a manifest', () => {
  it('lead where they led when the run began, or, of older runs, from where the run lies', async () => {
    await writeFile(join(folder, 'a.jsonl'), '');
    const old = manifestWith({ list: 'a.jsonl', root: 'videos' });
    const placed = { list: join(folder, 'a.jsonl'), root: join(folder, 'videos') };
    expect((await placedSettings(run, old)).data).toMatchObject(placed);
    const begun = { ...old, workingFolder: folder };
    expect((await placedSettings(join(folder, 'x', 'y', 'z'), begun)).data).toMatchObject(placed);
  });

  it('of data elsewhere are used where a person says so', async () => {
    const list = join(run, 'a.jsonl');
    const manifest = manifestWith({ list, root: '/elsewhere' });
    expect(await refusalOf(placedSettings(run, manifest))).toContain('--root /elsewhere');
    const { data } = await placedSettings(run, manifest, { root: '/elsewhere' });
    expect(data.root).toBe('/elsewhere');
  });

  it('of the file of a split lead where they led; the name of a split is no path', async () => {
    await writeFile(join(folder, 'a.jsonl'), '');
    const others = [{ list: 'b.json', split: 'ids/b.txt' }];
    const manifest = manifestWith({ list: 'a.jsonl', split: 'ids.txt', others });
    const { data } = await placedSettings(run, manifest);
    expect(data.split).toBe(join(folder, 'ids.txt'));
    expect(data.others?.[0]?.split).toBe(join(folder, 'ids/b.txt'));
    const moved = await placedSettings(run, manifest, { split: '/now/ids.txt' });
    expect(moved.data.split).toBe('/now/ids.txt');
    const named = manifestWith({ list: 'a.jsonl', split: 'train' });
    expect((await placedSettings(run, named)).data.split).toBe('train');
  });

  it('of lists beside, and of stages, lead where they led, and nowhere else', async () => {
    const others = [{ list: 'b.jsonl', root: 'pictures', weight: 2 }];
    const manifest = manifestWith({ list: 'a.jsonl', others });
    const { settings } = manifest;
    const { clip, mask, textMask, batch, microbatches, schedule } = settings;
    const own = { clip, mask, textMask, batch, microbatches, schedule };
    const stage = { name: 'one', ...own, data: { list: 'c.jsonl', root: 'videos' } };
    const staged = {
      ...manifest,
      workingFolder: folder,
      settings: { ...settings, stages: [stage] },
    };
    await writeFile(join(folder, 'a.jsonl'), '');
    await writeFile(join(folder, 'c.jsonl'), '');
    const placed = await placedSettings(run, staged);
    expect(placed.data.others).toEqual([
      { list: join(folder, 'b.jsonl'), root: join(folder, 'pictures'), weight: 2 },
    ]);
    expect(placed.stages?.[0]?.data).toEqual({
      list: join(folder, 'c.jsonl'),
      root: join(folder, 'videos'),
    });
    const moved = { others: [{ list: join(run, 'b.jsonl'), root: '/elsewhere' }] };
    const hostile = manifestWith({ list: join(folder, 'a.jsonl'), ...moved });
    expect(await refusalOf(placedSettings(run, hostile))).toContain('data.others: /elsewhere');
  });
});
