import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addFragment, isTrackioProject, type TrackioRecord, trackioFolder } from './inbox.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const NOON = 1_767_268_800;
const RUN = {
  project: 'tgm',
  run: 'first',
  runId: '0123456789abcdef0123456789abcdef',
  config: { preset: 'demo', mask: { ratio: 0.75 } },
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-trackio-'));
});
afterAll(() => rm(folder, { recursive: true }));

function recordOf(step: number): TrackioRecord {
  const values = { 'train/loss': 2.3 / step, 'train/grad_norm': 1e30, 'seconds/step': 0.5 };
  return { wallTime: NOON + step + 0.25, step, values, id: `${step}` };
}

/** Two checkpoints, with an evaluation before the first. */
async function written(path: string): Promise<readonly TrackioRecord[]> {
  const judged = { ...recordOf(2), values: { 'retrieval/R@1': 1 / 3 }, id: '2-retrieval' };
  const records = [recordOf(1), recordOf(2), judged, recordOf(3), recordOf(4)];
  await addFragment(path, RUN, records.slice(0, 3));
  await addFragment(path, RUN, records.slice(3));
  await addFragment(path, RUN, []);
  return records;
}

const filesOf = async (path: string): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  const inbox = join(path, 'inbox', RUN.runId);
  for (const name of (await readdir(inbox)).sort()) {
    found[name] = await readFile(join(inbox, name), 'utf8');
  }
  return found;
};

describe('fragments for Trackio', () => {
  it('have the bytes that Trackio took into its file, and it has each record once', async () => {
    if (process.env.LACUNA_UPDATE_GOLDEN === '1') {
      await rm(join(FIXTURES, 'inbox'), { recursive: true, force: true });
      await written(FIXTURES);
    }
    const path = join(folder, 'run');
    const records = await written(path);
    expect(await filesOf(path)).toEqual(await filesOf(FIXTURES));
    const read: unknown = JSON.parse(await readFile(join(FIXTURES, 'run.json'), 'utf8'));
    const logs = records.map(({ wallTime, step, values }) => ({
      timestamp: new Date(1000 * wallTime).toISOString().replace('Z', '+00:00'),
      step,
      ...values,
    }));
    const run = { name: RUN.run, id: RUN.runId, config: RUN.config, logs };
    expect(read).toEqual({ imported: 5, left: [], projects: { [RUN.project]: [run] } });
  });

  it('stand for what was said of the same steps before', async () => {
    const path = join(folder, 'again');
    await addFragment(path, RUN, [recordOf(3), recordOf(4)]);
    await addFragment(path, RUN, [recordOf(3)]);
    const [text = '', ...others] = Object.values(await filesOf(path));
    expect([text.trim().split('\n').length, others]).toEqual([1, []]);
  });

  it('are of projects that Trackio takes, in the folder that it looks into', () => {
    for (const name of ['tgm', 'my_project', 'A-1']) expect(isTrackioProject(name)).toBe(true);
    for (const name of ['', 'a.b', '../up', '-a', 'registry-x', 'a_system', 'a_artifacts', 'ä'])
      expect([name, isTrackioProject(name)]).toEqual([name, false]);
    expect(trackioFolder({ TRACKIO_DIR: '/t', HF_HOME: '/h' })).toBe('/t');
    expect(trackioFolder({ TRACKIO_DIR: '', HF_HOME: '/h' })).toBe('/h/trackio');
    expect(trackioFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/huggingface/trackio');
  });
});
