import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { makeDemoData, readClipList } from '../data/index.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { untrained } from '../run/untrained.js';
import { extractFeatures } from './extract-features.js';

let backend: Backend;
beforeAll(async () => {
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
});

it('features are extracted in the order of the list, whatever the batch, and problems are told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lacuna-features-'));
  try {
    const data = await makeDemoData(folder, { trainClips: 2, testClips: 20 });
    const settings = resolveSettings(
      parseConfig({
        preset: 'tiny-mae',
        objective: 'mae',
        data: { list: data.testList, workers: 1 },
        output: 'x',
      }),
    );
    const model = untrained({ settings, backend, state: {}, tokenizer: undefined });
    const { records } = await readClipList(data.testList, () => {});
    const missing = { id: 'gone.mp4', video: 'gone.mp4', captions: [] };
    const told: number[] = [];
    const all = [...records.slice(0, 3), missing, ...records.slice(3)];
    const features = await extractFeatures(model, all, folder, (done) => told.push(done));
    expect(told.at(-1)).toBe(21);
    expect(features.records.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    expect(features.problems.map(({ id }) => id)).toEqual(['gone.mp4']);
    const last = records.slice(-1);
    const alone = await extractFeatures(model, last, folder);
    const row = features.values.subarray(19 * features.width);
    alone.values.forEach((value, i) => {
      expect(row[i]).toBeCloseTo(value, 5);
    });
    expect(new Set(features.values).size).toBeGreaterThan(features.width);
    expect(backend.liveTensors).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
