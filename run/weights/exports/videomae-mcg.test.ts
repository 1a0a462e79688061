import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ONNX } from '../../../backends/onnx/index.js';
import type { HostTensor } from '../../../core/backend.js';
import { SafetensorsFile } from '../../../formats/index.js';
import { gridOf, reconstructionModel, type StateSpec, VIDEOMAE_MCG } from '../../../spec/index.js';
import { withProgram } from '../../open-program.js';
import { parseConfig } from '../../settings/parse-config.js';
import { modelConfig, modelState, resolveSettings, videoConfig } from '../../settings/settings.js';
import { FIXTURES } from '../testing/fixtures.js';
import { expectClose, expected, stateInLayout } from '../testing/imported.js';
import { givenTensors } from './given-tensors.js';
import { writtenTensors } from './written-tensors.js';

/** What check_torch.py built of MCG-NJU/VideoMAE's own scripts. */
const settings = resolveSettings(
  parseConfig({
    preset: 'tiny-mae',
    objective: 'mae',
    clip: { frames: 16, size: 16, patch: 4, tubelet: 2 },
    encoder: { width: 12, depth: 2, heads: 3 },
    decoder: { width: 8, depth: 1, heads: 2 },
    mask: { kind: 'tube', ratio: 0.625 },
    data: { list: 'list' },
    output: 'run',
  }),
);
const specs = modelState(settings, 0);

it('their PretrainVisionTransformer predicts here what it predicts there', async () => {
  const want = await expected('videomae_mcg');
  const backend = await ONNX.open({ threads: 1 });
  try {
    const state = await stateInLayout('videomae_mcg', VIDEOMAE_MCG, specs);
    const shape = { batch: 1, visible: want('visible').shape[1] ?? 0 };
    const feeds = {
      frames: want('frames'),
      visible: want('visible'),
      masked: want('masked'),
    };
    const predicted = (own: typeof settings): Promise<HostTensor | undefined> =>
      withProgram({ backend, state }, reconstructionModel(modelConfig(own, 0), shape), (call) =>
        call(feeds).then(({ prediction }) => prediction),
      );
    expectClose(await predicted(settings), want('prediction'));
    const encoder = { ...settings.encoder, normEps: 1e-2 };
    const other = await predicted({ ...settings, encoder });
    expect(() => {
      expectClose(other, want('prediction'));
    }).toThrow();
  } finally {
    await backend.dispose();
  }
});

it('is written under their names, bit by bit', async () => {
  const state = await stateInLayout('videomae_mcg', VIDEOMAE_MCG, specs);
  const run = { read: async ({ name }: StateSpec) => state[name] as HostTensor };
  const video = videoConfig(settings);
  const given = givenTensors(VIDEOMAE_MCG, specs, { video, grid: gridOf(video), first: 0 });
  const { declared, read } = writtenTensors(run, given);
  const file = await SafetensorsFile.open(join(FIXTURES, 'videomae_mcg', 'model.safetensors'));
  try {
    expect(declared.map(({ name }) => name).sort()).toEqual([...file.tensors.keys()].sort());
    for (const { name } of declared) expect(await read(name), name).toEqual(await file.read(name));
  } finally {
    await file.close();
  }
});
