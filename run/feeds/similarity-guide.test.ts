import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import {
  type ClipRecord,
  clipSimilarity,
  type DemoData,
  makeDemoData,
  readClipList,
  SimilarityStore,
} from '../../data/index.js';
import { evaluate, reconstruction } from '../../evaluation/index.js';
import { drawMask, sampleWord } from '../../spec/index.js';
import { type Aligner, makeSimilarityMaps, similarityRecipe } from '../../teacher/index.js';
import { pretrain, resumePretraining } from '../../training/tasks/pretrain.js';
import type { RunSettings } from '../settings/config.js';
import { parseConfig } from '../settings/parse-config.js';
import { resolveSettings } from '../settings/settings.js';

/** A teacher without a model: a cell's cosine follows from its first pixel and the caption's length. */
const TEACHER: Aligner = {
  name: 'made up',
  digest: 'd'.repeat(64),
  width: 2,
  size: 8,
  patch: 2,
  embedImages: async () => Promise.reject(new Error('not asked for')),
  embedPatches: async (images, count) =>
    Float32Array.from({ length: count * 16 * 2 }, (_, i) => {
      const cell = Math.floor(i / 2) % 16;
      const [row, column] = [Math.floor(cell / 4) * 2, (cell % 4) * 2];
      const pixel = images[Math.floor(i / 32) * 192 + (row * 8 + column) * 3] as number;
      return i % 2 === 0 ? Math.cos(pixel / 82) : Math.sin(pixel / 82);
    }),
  embedTexts: async (captions) =>
    Float32Array.from(captions.flatMap((c) => [Math.cos(c.length), Math.sin(c.length)])),
  dispose: async () => {},
};

let folder = '';
let data: DemoData;
let records: readonly ClipRecord[];
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-guide-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 4 });
  records = (await readClipList(data.trainList, () => {})).records;
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function made(
  name: string,
  some: readonly ClipRecord[] = records,
  stride = 4,
): Promise<SimilarityStore> {
  const store = await SimilarityStore.create(
    join(folder, name),
    similarityRecipe(TEACHER, { form: 'dense', stride }),
  );
  await makeSimilarityMaps({ records: some, root: data.folder, aligner: TEACHER, store });
  return store;
}

function settings(output: string, changes: object = {}, list = data.trainList): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list, workers: 1, similarity: join(folder, 'maps') },
      output: join(folder, output),
      preset: 'tiny-mae',
      batch: 4,
      clip: { crop: 'multi-scale', flip: true },
      mask: { kind: 'text-guided', ratio: 0.5 },
      schedule: { steps: 4 },
      checkpoints: { everySteps: 2 },
      ...changes,
    }),
  );
}

describe('settings', () => {
  it('ask for maps where the mask needs them, and say how to make them', () => {
    const config = { data: { list: 'a.jsonl' }, output: 'o', mask: { kind: 'text-guided' } };
    expect(() => resolveSettings(parseConfig(config))).toThrow(
      /mask\.kind.*data\.similarity names none.*lacuna similarity --data a\.jsonl/s,
    );
    expect(settings('x').mask).toEqual({
      kind: 'text-guided',
      ratio: 0.5,
      rounding: 'floor-masked',
      ties: 'first',
      frames: 'mean',
    });
    expect(settings('x', { mask: { kind: 'tube' } }).mask).not.toHaveProperty('frames');
  });
});

describe('pretraining with text-guided masks', () => {
  it('trains, resumes on the same trajectory and reconstructs under the masks of the maps', async () => {
    const store = await made('maps');
    const whole = await pretrain(settings('whole'), backend, { version: 'test' });
    const stop = new AbortController();
    const cut = await pretrain(settings('cut'), backend, {
      version: 'test',
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 2) stop.abort();
      },
    });
    expect(cut.finished).toBe(false);
    const resumed = await resumePretraining(cut.folder, backend, { version: 'test' });
    expect(resumed.state).toEqual(whole.state);
    const other = settings('max', { mask: { kind: 'text-guided', ratio: 0.5, frames: 'max' } });
    expect((await pretrain(other, backend, { version: 'test' })).state).not.toEqual(whole.state);

    const record = records[0] as ClipRecord;
    const mae = settings('mae', { objective: 'mae' });
    const { state } = await pretrain(mae, backend, { version: 'test' });
    const model = { settings: mae, backend, state, tokenizer: undefined };
    const held = (await readClipList(data.testList, () => {})).records;
    const [shown, ...others] = await evaluate(
      reconstruction,
      model,
      [record, ...held],
      data.folder,
    );
    expect(others).toEqual([]);
    const entry = await store.read(record.video);
    if (entry === undefined) throw new Error('no entry');
    const grid = { slots: 2, rows: 4, columns: 4 };
    // The centre clip of 24 frames: 4 at stride 1 from frame 10.
    const crop = { x: 0, y: 0, width: 64, height: 64 };
    const clip = { frameIndices: [10, 11, 12, 13], crop, flip: false };
    const map = clipSimilarity(entry, record.captions[0] as string, clip, grid);
    const address = { seed: 0, epoch: 0, sample: sampleWord(record.id) };
    expect(shown?.mask).toEqual(drawMask({ kind: 'text-guided', ratio: 0.5 }, grid, address, map));
  });

  it('does not go on with other maps than it began with', async () => {
    await made('changing');
    const own = settings('changed', {
      data: { list: data.trainList, workers: 1, similarity: join(folder, 'changing') },
    });
    const stop = new AbortController();
    const { folder: run } = await pretrain(own, backend, {
      version: 'test',
      signal: stop.signal,
      onEvent: ({ kind }) => {
        if (kind === 'step') stop.abort();
      },
    });
    await rm(join(folder, 'changing'), { recursive: true });
    await made('changing', records, 2);
    await expect(resumePretraining(run, backend, { version: 'test' })).rejects.toThrow(
      /not the similarity maps that this run began with/,
    );
  });

  it('says before it begins which maps are missing, damaged or out of date', async () => {
    const begun = (name: string): Promise<unknown> =>
      pretrain(
        settings(name, {
          data: { list: data.trainList, workers: 1, similarity: join(folder, name) },
        }),
        backend,
        { version: 'test' },
      );
    await expect(begun('nowhere')).rejects.toThrow(/no similarity maps.*lacuna similarity/s);
    const store = await made('some', records.slice(0, 9));
    await expect(begun('some')).rejects.toThrow(
      /3 of 12 clips cannot be used; got clips\/train-00009.mp4: there are none.*lacuna similarity --data/s,
    );
    await made('some');
    const [a, b, c] = records.map(({ video }) => video) as [string, string, string];
    await truncate(store.path(a), 40);
    const entry = await store.read(b);
    if (entry === undefined) throw new Error('no entry');
    await store.write({ ...entry, captions: ['one', 'two', 'three'] });
    const third = await store.read(c);
    if (third === undefined) throw new Error('no entry');
    await store.write({ ...third, bytes: 1 });
    await expect(begun('some')).rejects.toThrow(
      /3 of 12.*they are damaged.*none of the caption.*has changed since/s,
    );
    await made('some');
    const { finished } = await pretrain(
      settings('mended', {
        data: { list: data.trainList, workers: 1, similarity: join(folder, 'some') },
      }),
      backend,
      { version: 'test' },
    );
    expect(finished).toBe(true);
  });

  it('needs captions under objective mae too, and excuses videos that cannot be opened', async () => {
    const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
    const list = join(data.folder, 'odd.jsonl');
    await writeFile(join(data.folder, 'broken.mp4'), 'no video');
    const broken = JSON.stringify({ video: 'broken.mp4', captions: ['a broken one'] });
    await writeFile(list, `${[...lines, broken].join('\n')}\n`);
    const changes = { objective: 'mae', data: { list, similarity: join(folder, 'some') } };
    const { problems } = await pretrain(
      settings('excused', { ...changes, schedule: { steps: 6 } }),
      backend,
      { version: 'test' },
    );
    expect(problems.map(({ id }) => id)).toEqual(['broken.mp4']);
    await appendFile(list, '{"video":"clips/test-00000.mp4"}\n');
    await expect(
      pretrain(settings('silent', changes), backend, { version: 'test' }),
    ).rejects.toThrow(/mask text-guided needs captions/);
  });
});
