import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFolder, makeDemoData } from '../../data/index.js';
import { lacuna } from '../testing/lacuna.js';
import { oneStepRun } from '../testing/one-step-run.js';

let folder = '';
let videos = '';
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-search-command-'));
  const data = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 1 });
  run = join(folder, 'run');
  await oneStepRun('tiny-mac', data.trainList, run);
  videos = join(folder, 'videos');
  await mkdir(videos);
  const { records } = await listFolder(data.folder);
  for (const [i, { video }] of records.slice(0, 3).entries())
    await copyFile(join(data.folder, video), join(videos, `${i}.mp4`));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('lacuna index and lacuna search', () => {
  it('find the videos of a folder, follow it, and say what is missing', async () => {
    const at = ['--index', join(folder, 'index')];
    const none = await lacuna(['search', 'a red circle', ...at]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no index')]);

    const made = await lacuna(['index', videos, '--model', run, ...at]);
    expect([made.code, made.stdout]).toEqual([
      0,
      expect.stringContaining('3 videos in 3 segments; 3 embedded now, 0 known, 0 removed'),
    ]);
    const found = await lacuna(['search', 'a red circle', ...at, '--json', '--top', '2']);
    const { sentence, hits } = JSON.parse(found.stdout);
    expect([found.code, sentence, hits.length]).toEqual([0, 'a red circle', 2]);

    await rm(join(videos, '1.mp4'));
    const again = await lacuna(['index', videos, '--model', run, ...at]);
    expect(again.stdout).toContain('2 videos in 2 segments; 0 embedded now, 2 known, 1 removed');
    const left = await lacuna(['search', 'a red circle', ...at]);
    expect(left.stdout.match(/\d\.mp4/g)?.sort()).toEqual(['0.mp4', '2.mp4']);
    const empty = await lacuna(['search', ...at]);
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('no sentence')]);
  }, 120_000);
});
