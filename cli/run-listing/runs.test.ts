import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sealJson } from '../../formats/sealed-json.js';
import { parseConfig, resolveSettings } from '../../run/index.js';
import { testManifest } from '../../run/testing/manifest.js';
import { listRuns } from './list-runs.js';
import { runsResult } from './runs-result.js';
import { runsTable } from './runs-table.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-runs-'));
  await writtenRun('tube', 2, { ratio: 0.5 });
  await writtenRun('random', 1, { kind: 'random', ratio: 0.5 });
  await mkdir(join(folder, 'empty'));
  await mkdir(join(folder, 'damaged'));
  await writeFile(join(folder, 'damaged', 'manifest.json'), '{}');
});
afterAll(() => rm(folder, { recursive: true }));

async function writtenRun(name: string, day: number, mask: object): Promise<void> {
  const path = join(folder, name);
  const config = {
    preset: 'tiny-mae',
    batch: 4,
    schedule: { steps: 8 },
    data: { list: 'a.jsonl' },
  };
  const settings = resolveSettings(parseConfig({ ...config, mask, output: path }));
  await mkdir(path);
  const manifest = { ...testManifest(settings), created: `2026-01-0${day}T00:00:00.000Z` };
  await writeFile(join(path, 'manifest.json'), sealJson(manifest));
  const times = { epoch: 0, learningRate: 1, stepSeconds: 1, waitSeconds: 0 };
  for (const step of [1, 2]) {
    const line = { step, metrics: { loss: day / step }, ...times };
    await appendFile(join(path, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    const judged = { step, evaluator: 'retrieval', scores: { r1: 0.25 * step } };
    await appendFile(join(path, 'evaluations.jsonl'), `${JSON.stringify(judged)}\n`);
  }
}

it('lists the runs of a folder, the newest last, with what their settings differ in', async () => {
  const result = runsResult(await listRuns([folder]));
  expect(
    result.runs.map(({ path, state, step, steps, loss }) => [path, state, step, steps, loss]),
  ).toEqual([
    [join(folder, 'random'), 'stopped', 2, 8, 0.5],
    [join(folder, 'tube'), 'stopped', 2, 8, 1],
  ]);
  expect(result.runs[0]?.evaluations).toEqual([
    { evaluator: 'retrieval', step: 2, scores: { r1: 0.5 } },
  ]);
  const values = { [join(folder, 'random')]: 'random', [join(folder, 'tube')]: 'tube' };
  expect(result.differences).toContainEqual({ task: 'pretrain', key: 'mask.kind', values });
  expect(result.differences.map(({ key }) => key)).not.toContain('output');
  expect(result.unreadable.map(({ path }) => path)).toEqual([join(folder, 'damaged')]);
  const table = runsTable(result);
  expect(table).toMatch(
    /tube +pretrain +tiny-mae, \S+ +stopped +2\/8 +1 +retrieval r1 0\.5 +2026-01-02/,
  );
  expect(table).toContain(`mask.kind\n    random: ${join(folder, 'random')}\n`);
});

it('finds the runs of a sweep, and of the sweeps in a folder', async () => {
  const row = join(folder, 'sweeps', 'mine', 'tube-0');
  await mkdir(row, { recursive: true });
  await writeFile(join(row, 'scores.json'), '{}');
  await writtenRun(join('sweeps', 'mine', 'tube-0', 'pretrain'), 3, { ratio: 0.5 });
  await mkdir(join(folder, 'sweeps', 'other', 'deep'), { recursive: true });
  const run = join(row, 'pretrain');
  const found = async (path: string): Promise<readonly string[]> =>
    (await listRuns([path])).runs.map(({ path: each }) => each);
  expect(await found(join(folder, 'sweeps', 'mine'))).toEqual([run]);
  expect(await found(join(folder, 'sweeps'))).toEqual([]);
  await writeFile(join(folder, 'sweeps', 'mine', 'table.json'), '{}');
  expect(await found(join(folder, 'sweeps'))).toEqual([run]);
  await rm(join(folder, 'sweeps'), { recursive: true });
});

it('takes runs by their names, and refuses what is no folder', async () => {
  expect((await listRuns([join(folder, 'damaged')])).unreadable.length).toBe(1);
  const { runs } = await listRuns([join(folder, 'tube'), join(folder, 'random')]);
  expect(runs.map(({ path }) => path)).toEqual([join(folder, 'random'), join(folder, 'tube')]);
  expect(runsTable(runsResult(await listRuns([join(folder, 'empty')])))).toBe('There is no run.');
  await expect(listRuns([join(folder, 'none')])).rejects.toThrow('the folder cannot be read');
});
