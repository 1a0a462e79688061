import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import { readMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { pretrain, resumePretraining } from './tasks/pretrain.js';
import { outcome, smallRun, stopAfter } from './testing/small-run.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-microbatches-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 8 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const settings = (output: string, changes: object): RunSettings =>
  smallRun(data, join(folder, output), changes);

const options = { version: 'test' };

describe('a run in two microbatches', () => {
  it('that is resumed ends with the bits of one that ran straight, with batch norm over the global batch', async () => {
    const parts = { microbatches: 2, contrastive: { videoProjection: { kind: 'mlp-bn' } } };
    await pretrain(settings('straight parts', parts), backend, options);
    await stopAfter(3, settings('stopped parts', parts), backend);
    await resumePretraining(join(folder, 'stopped parts'), backend, options);
    expect(await outcome(join(folder, 'stopped parts'))).toEqual(
      await outcome(join(folder, 'straight parts')),
    );
  });

  it.each([
    ['mae', {}],
    ['contrastive', {}],
    ['mae+contrastive', { contrastive: { videoProjection: { kind: 'mlp-bn' } } }],
  ])('of %s is the run in one part, to float32 rounding', async (objective, rest) => {
    const changes = { objective, ...rest };
    await pretrain(settings(`whole ${objective}`, changes), backend, options);
    await pretrain(
      settings(`halves ${objective}`, { ...changes, microbatches: 2 }),
      backend,
      options,
    );
    const losses = async (run: string): Promise<number[]> =>
      (await readMetrics(join(folder, `${run} ${objective}`))).map(
        ({ metrics }) => metrics.loss ?? Number.NaN,
      );
    const [whole, halves] = [await losses('whole'), await losses('halves')];
    expect(whole).toHaveLength(8);
    whole.forEach((loss, i) => {
      expect(Math.abs(loss - (halves[i] ?? Number.NaN))).toBeLessThan(1e-4 * loss);
    });
  });

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});
