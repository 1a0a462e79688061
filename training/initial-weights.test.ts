import { cp, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import { SafetensorsFile } from '../formats/index.js';
import { readManifest } from '../run/index.js';
import type { RunSettings } from '../run/settings/config.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { FIXTURES } from '../run/weights/testing/fixtures.js';
import { withWeights } from '../run/weights/with-weights.js';
import { type PretrainEvent, pretrain, resumePretraining } from './tasks/pretrain.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-initial-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 8 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function settings(
  output: string,
  from: readonly string[],
  changes: object = {},
): Promise<RunSettings> {
  const config = {
    data: { list: data.trainList, workers: 1 },
    output: join(folder, output),
    preset: 'tiny-mac',
    batch: 4,
    schedule: { steps: 4 },
    checkpoints: { everySteps: 3, keep: 2 },
    ...changes,
  };
  return resolveSettings(parseConfig(await withWeights(config, from)));
}

const options = { version: 'test' };

/** The tensors of a safetensors file. */
async function read(path: string): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const file = await SafetensorsFile.open(path);
  const all = new Map<string, ArrayLike<number>>();
  for (const name of file.tensors.keys())
    all.set(name, (await file.read(name)).data as Float32Array);
  await file.close();
  return all;
}

async function parameters(run: string): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const last = (await readdir(join(run, 'checkpoints'))).sort().at(-1) ?? '';
  return read(join(run, 'checkpoints', last, 'parameter.safetensors'));
}

describe('a run that begins with a ViT and a BERT', () => {
  it('records what it took, and goes on without them, bit for bit', async () => {
    const sources = ['vit', 'bert'].map((name) => join(folder, name));
    for (const [index, name] of ['vit', 'bert'].entries()) {
      await cp(join(FIXTURES, name), sources[index] ?? '', { recursive: true });
    }
    const changes = { text: { length: 16 }, textMask: { ratio: 0 } };
    await pretrain(await settings('straight', sources, changes), backend, options);
    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === 1) stop.abort();
    };
    const stopped = await settings('stopped', sources, changes);
    await pretrain(stopped, backend, { ...options, signal: stop.signal, onEvent });
    for (const source of sources) await rm(source, { recursive: true });
    // As if it had been killed before its first checkpoint.
    const run = join(folder, 'stopped');
    await rm(join(run, 'checkpoints'), { recursive: true });
    await resumePretraining(run, backend, options);
    expect(await parameters(run)).toEqual(await parameters(join(folder, 'straight')));
    const { weights } = await readManifest(run);
    expect(weights?.from.map(({ model, towers, taken }) => ({ model, towers, taken }))).toEqual([
      { model: 'ViT', towers: ['video'], taken: 38 },
      { model: 'BERT', towers: ['text'], taken: 37 },
    ]);
    expect(weights?.from[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect((await read(join(run, 'initial.safetensors'))).size).toBe(75);
  });

  it('refuses to begin again where what it began with has changed', async () => {
    const run = join(folder, 'stopped');
    await rm(join(run, 'checkpoints'), { recursive: true });
    await truncate(join(run, 'initial.safetensors'), 1000);
    await expect(resumePretraining(run, backend, options)).rejects.toThrow(
      'the weights that this run began with have changed; got 1000 bytes',
    );
  });
});

describe('a run that begins with another', () => {
  const one = { clip: { frames: 1 } };

  it('has its weights, of one frame for three, masked and then not', async () => {
    await pretrain(await settings('one', [], one), backend, options);
    const source = join(folder, 'one');
    const next = await settings('three', [source], { mask: { ratio: 0 }, schedule: { steps: 1 } });
    expect(next.clip.frames).toBe(3);
    await pretrain(next, backend, options);
    const before = await parameters(source);
    const after = await read(join(folder, 'three', 'initial.safetensors'));
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, values] of after) {
      if (name !== 'encoder.positions.slot') expect(values, name).toEqual(before.get(name));
    }
    const slot = [...Array.from(before.get('encoder.positions.slot') ?? [])];
    expect([...Array.from(after.get('encoder.positions.slot') ?? [])]).toEqual([
      ...slot,
      ...slot,
      ...slot,
    ]);
    const { weights, tokenizer } = await readManifest(join(folder, 'three'));
    expect(weights?.from[0]).toMatchObject({
      model: 'a run of Lacuna',
      towers: ['video', 'text'],
      anew: { count: 0 },
      leftOut: { count: 0 },
    });
    expect(tokenizer).toBe((await readManifest(source)).tokenizer);
  });

  it('takes its encoder and its decoder for another objective, and leaves the words', async () => {
    await pretrain(await settings('joint', [], { preset: 'tiny-mae' }), backend, options);
    const changes = { preset: 'tiny-mae', objective: 'mae', schedule: { steps: 1 } };
    await pretrain(await settings('mae', [join(folder, 'joint')], changes), backend, options);
    const taken = [...(await read(join(folder, 'mae', 'initial.safetensors'))).keys()];
    expect(taken.some((name) => name.startsWith('decoder.'))).toBe(true);
    expect(taken.some((name) => name.startsWith('text.'))).toBe(false);
    const { weights } = await readManifest(join(folder, 'mae'));
    expect(weights?.from[0]?.leftOut.names).toContain('text.tokens');
    expect(weights?.from[0]?.anew.count).toBe(0);
  });

  it('names the setting that the other contradicts', async () => {
    await expect(
      settings('other', [join(folder, 'one')], { encoder: { width: 32 } }),
    ).rejects.toThrow('encoder.width: the weights in');
    expect(await readFile(join(folder, 'one', 'manifest.json'), 'utf8')).not.toContain('"weights"');
  });
});
