import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import { SafetensorsFile } from '../formats/index.js';
import { ExportedRun, type ExportRecord, exportHuggingFace, readManifest } from '../run/index.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { FIXTURES } from '../run/weights/testing/fixtures.js';
import { importedState, settingsFor } from '../run/weights/testing/imported.js';
import { withWeights } from '../run/weights/with-weights.js';
import { pretrain } from './tasks/pretrain.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-exported-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 4 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Trains a step, from the weights of a folder where one is named. */
async function trained(name: string, config: object, from: readonly string[]): Promise<string> {
  const output = join(folder, name);
  const base = { preset: 'tiny-mac', batch: 4, schedule: { steps: 1 }, ...config };
  const whole = { ...base, data: { list: data.trainList }, output };
  const settings = resolveSettings(parseConfig(await withWeights(whole, from)));
  await pretrain(settings, backend, { version: 'test' });
  return output;
}

async function exported(
  run: string,
  output: string,
  maxShardBytes?: number,
): Promise<ExportRecord> {
  const open = await ExportedRun.open(run, () => {});
  try {
    return await exportHuggingFace(open, output, {
      version: 'test',
      ...(maxShardBytes === undefined ? {} : { maxShardBytes }),
    });
  } finally {
    await open.close();
  }
}

type Numbers = Readonly<Record<string, ArrayLike<number>>>;

async function tensors(path: string): Promise<Numbers> {
  const file = await SafetensorsFile.open(path);
  const all: Record<string, ArrayLike<number>> = {};
  for (const name of file.tensors.keys()) all[name] = (await file.read(name)).data as Float32Array;
  await file.close();
  return all;
}

async function parameters(run: string): Promise<Numbers> {
  const last = (await readdir(join(run, 'checkpoints'))).sort().at(-1) ?? '';
  return tensors(join(run, 'checkpoints', last, 'parameter.safetensors'));
}

/** Of an image, the bias of its patches and its only slot are added to the places, in float32. */
const FOLDED = ['encoder.positions.place', 'encoder.patch.bias', 'encoder.positions.slot'];

describe('a run that is exported and goes on from its own export', () => {
  it('as VideoMAE has the same bits at once, and after one more step', async () => {
    const clip = { frames: 2, size: 16 };
    const config = { preset: 'tiny-mae', objective: 'mae', clip, decoder: { finalNormEps: 1e-5 } };
    const first = await trained('masked', config, []);
    const out = join(folder, 'masked-export');
    const record = await exported(first, out);
    expect(record).toMatchObject({ model: 'VideoMAEForPreTraining', leftOut: { count: 0 } });
    const viaExport = await trained('masked-from-export', config, [out]);
    const before = await parameters(first);
    expect(await tensors(join(viaExport, 'initial.safetensors'))).toEqual(before);
    const after = await parameters(viaExport);
    expect(after).toEqual(await parameters(await trained('masked-from-run', config, [first])));
    const moved = Object.keys(before).filter(
      (name) => String(before[name]) !== String(after[name]),
    );
    expect(moved.length).toBeGreaterThan(0.9 * Object.keys(before).length);
  });

  it('as CLIP has the same bits but in what an image has no tensor for', async () => {
    const config = {
      objective: 'contrastive',
      clip: { frames: 1, size: 16 },
      text: { length: 24 },
      textMask: { ratio: 0 },
    };
    const first = await trained('aligned', config, [join(FIXTURES, 'clip')]);
    const out = join(folder, 'aligned-export');
    // In several files: they are read again, too.
    const record = await exported(first, out, 1500);
    expect(record).toMatchObject({ model: 'CLIPModel', leftOut: { count: 0 } });
    const settings = await settingsFor(out, config);
    const { vocabulary } = await readManifest(first);
    const again = await importedState(settings, vocabulary);
    const before = await parameters(first);
    for (const name of Object.keys(before).filter((each) => !FOLDED.includes(each))) {
      expect(again[name]?.data, name).toEqual(before[name]);
    }
    const [places = [], bias = [], slot = []] = FOLDED.map((name) => before[name]);
    const sums = Float32Array.from(places, (value, index) => {
      const column = index % bias.length;
      return Math.fround(value + Number(bias[column])) + Number(slot[column]);
    });
    expect(again['encoder.positions.place']?.data).toEqual(sums);
    expect(new Set(again['encoder.patch.bias']?.data)).toEqual(new Set([0]));
  });
});

describe('weights in several files', () => {
  const write = async (name: string, most?: number): Promise<readonly string[]> => {
    const run = join(folder, 'aligned');
    await exported(run, join(folder, name), most);
    return (await readdir(join(folder, name))).filter((file) => file.startsWith('model'));
  };

  it('are what one file holds, in its order, none beyond the size but a tensor of its own', async () => {
    expect(await write('whole')).toEqual(['model.safetensors']);
    const names = (await write('parts', 1500)).filter((name) => name.endsWith('.safetensors'));
    expect(names.at(-1)).toBe(`model-${pad(names.length)}-of-${pad(names.length)}.safetensors`);
    const parts = await Promise.all(names.map((name) => tensors(join(folder, 'parts', name))));
    const whole = await tensors(join(folder, 'whole', 'model.safetensors'));
    expect(Object.keys(Object.assign({}, ...parts))).toEqual(Object.keys(whole));
    expect(Object.assign({}, ...parts)).toEqual(whole);
    const bytes = (part: Numbers): number =>
      Object.values(part).reduce((sum, { length }) => sum + 4 * length, 0);
    for (const part of parts) {
      if (Object.keys(part).length > 1) expect(bytes(part)).toBeLessThanOrEqual(1500);
    }
    expect(parts.some((part) => bytes(part) > 1500)).toBe(true);
    const index = JSON.parse(
      await readFile(join(folder, 'parts', 'model.safetensors.index.json'), 'utf8'),
    );
    expect(index.metadata).toEqual({
      total_size: bytes(whole),
      total_parameters: bytes(whole) / 4,
    });
    for (const [place, part] of parts.entries()) {
      for (const tensor of Object.keys(part)) expect(index.weight_map[tensor]).toBe(names[place]);
    }
  });
});

function pad(count: number): string {
  return String(count).padStart(5, '0');
}
