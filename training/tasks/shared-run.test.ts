import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backend, BackendInfo } from '../../core/backend.js';
import { ALONE, type ProcessGroup, type Told } from '../../core/group.js';
import { sha256 } from '../../core/sha256.js';
import { RunFolder, readManifest } from '../../run/run-folder.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { testManifest } from '../../run/testing/manifest.js';
import { ledTo, noteBackend } from './shared-run.js';

const MANIFEST = testManifest(
  resolveSettings(
    parseConfig({ preset: 'tiny-mae', data: { list: 'clips.jsonl' }, output: 'run' }),
  ),
);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-shared-run-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Process 1 of two, whose process 0 has opened a run of this digest there. */
function second(path: string, digest: string): ProcessGroup {
  const opened = { path, resumes: false, digest };
  const gather = async <T>({ parse }: Told<T>, own: T): Promise<readonly T[]> => [
    parse(opened),
    own,
  ];
  return { ...ALONE, size: 2, index: 1, gather };
}

it('a process waits for the run that process 0 has opened to be seen on its disk', async () => {
  const other = await RunFolder.create(join(folder, 'early'), MANIFEST);
  await other.release();
  const { manifest } = await RunFolder.look(other.path, 'pretrain');
  const path = join(folder, 'late');
  const led = ledTo(second(path, sha256(JSON.stringify(manifest))));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await (await RunFolder.create(path, MANIFEST)).release();
  expect((await led).folder.manifest).toEqual(MANIFEST);
});

it('a run says when it goes on with another device, contract or number of devices', async () => {
  const run = await RunFolder.create(join(folder, 'continued'), MANIFEST);
  const { backend: began } = MANIFEST;
  const notes: string[] = [];
  const goOn = async (changed: Partial<BackendInfo>, step: number): Promise<void> => {
    const info = { ...began, residency: 'resident', claims: [], ...changed } as const;
    await noteBackend(run, { info } as unknown as Backend, step, (text) => notes.push(text));
  };
  await goOn({}, 1);
  expect(notes).toEqual([]);
  await goOn({ device: 'H200' }, 2);
  await goOn({ device: 'H200' }, 3);
  await goOn({ device: 'H200', contract: 'tf32-products' }, 4);
  const four = { device: '4 x H200', contract: 'tf32-products', devices: 4 } as const;
  await goOn(four, 5);
  await goOn({ ...four, shardedState: true }, 6);
  await run.release();
  expect(notes).toHaveLength(4);
  expect(notes[3]).toContain('on 4 devices, state sharded; until step 6 it was');
  expect(notes[0]).toContain(`(H200, ${began.contract}); until step 2 it was`);
  const { continued = [] } = await readManifest(run.path);
  expect(continued.map(({ step, backend: { device } }) => [step, device])).toEqual([
    [2, 'H200'],
    [4, 'H200'],
    [5, '4 x H200'],
    [6, '4 x H200'],
  ]);
});
