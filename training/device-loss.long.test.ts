import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openWebgpu, WEBGPU } from '../backends/webgpu/index.js';
import { capable } from '../core/testing/capability.js';
import { makeDemoData } from '../data/index.js';
import { readMetrics } from '../run/run-folder.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { pretrain, resumePretraining } from './tasks/pretrain.js';

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const here = capable('webgpu', probe.available ? undefined : probe.reason);
const folder = await mkdtemp(join(tmpdir(), 'lacuna-device-loss-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(!here)(
  'a run whose device is lost says so, and goes on from its checkpoint',
  async () => {
    const data = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 1 });
    const settings = (output: string): ReturnType<typeof resolveSettings> =>
      resolveSettings(
        parseConfig({
          data: { list: data.trainList, workers: 1 },
          output: join(folder, output),
          preset: 'tiny-mae',
          objective: 'mae',
          schedule: { steps: 4 },
          checkpoints: { everySteps: 2 },
          backend: { name: 'webgpu' },
        }),
      );
    const options = { version: 'test' };
    const lost = await openWebgpu({ device: 'swiftshader' });
    const run = pretrain(settings('lost'), lost, {
      ...options,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 3) lost.runtime.device.destroy();
      },
    });
    await expect(run).rejects.toThrow(/the device was lost.*--resume/s);
    expect(await readdir(join(folder, 'lost', 'checkpoints'))).toEqual(['step-00000002']);

    const whole = await openWebgpu({ device: 'swiftshader' });
    await resumePretraining(join(folder, 'lost'), whole, options);
    await pretrain(settings('straight'), whole, options);
    const losses = async (name: string): Promise<readonly unknown[]> =>
      (await readMetrics(join(folder, name))).map(({ step, metrics }) => [step, metrics]);
    expect(await losses('lost')).toEqual(await losses('straight'));
    expect(whole.liveTensors).toBe(0);
    await whole.dispose();
  },
);
