import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import type { Aligner } from '../run/aligner.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { pretrain } from '../training/tasks/pretrain.js';
import { openRunAligner, type RunAlignerOptions } from './own-aligner.js';

let folder = '';
let data: DemoData;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-aligner-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 4 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (): Promise<Backend> => ONNX.open({ threads: 1 });

/** A run of one step: its model is as good as random, which is enough for identities. */
async function trained(name: string, changes: object = {}): Promise<string> {
  const settings = resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output: join(folder, name),
      preset: 'tiny-mae',
      objective: 'contrastive',
      schedule: { steps: 1 },
      text: { length: 128 },
      backend: { threads: 1 },
      ...changes,
    }),
  );
  const backend = await open();
  try {
    return (await pretrain(settings, backend, { version: 'test' })).folder;
  } finally {
    await backend.dispose();
  }
}

async function withAligner<R>(
  run: string,
  options: RunAlignerOptions,
  body: (aligner: Aligner) => Promise<R>,
): Promise<R> {
  const aligner = await openRunAligner(run, open, options);
  try {
    return await body(aligner);
  } finally {
    await aligner.dispose();
  }
}

function images(count: number, size: number): Uint8Array {
  return Uint8Array.from({ length: count * size * size * 3 }, (_, i) => (i * 7919 + i * i) % 251);
}

/** Largest distance of two lists of numbers. */
function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

function lengths(rows: Float32Array, width: number): number[] {
  return Array.from({ length: rows.length / width }, (_, row) =>
    Math.hypot(...rows.subarray(row * width, (row + 1) * width)),
  );
}

// Float32 sums of a few hundred terms in another order.
const ROUNDING = 1e-5;

describe('openRunAligner', () => {
  it.each([
    ['tokens pooled by their mean', { contrastive: { pool: 'mean' } }],
    ['a class token', { encoder: { classToken: true }, contrastive: { pool: 'class' } }],
  ])(
    'embeds 19 images, their patches and captions, in rows of length 1: %s',
    async (name, changes) => {
      const run = await trained(name.replaceAll(' ', '-'), changes);
      for (const view of ['patch', 'frame'] as const) {
        await withAligner(run, { view }, async (aligner) => {
          const { width, size, patch } = aligner;
          const places = (size / patch) ** 2;
          const some = images(19, size);
          const [whole, patches, texts] = [
            await aligner.embedImages(some, 19),
            await aligner.embedPatches(some, 19),
            await aligner.embedTexts(['a red circle', 'a blue star']),
          ];
          expect([whole.length, patches.length]).toEqual([19 * width, 19 * places * width]);
          for (const rows of [whole, patches, texts]) {
            for (const length of lengths(rows, width)) expect(length).toBeCloseTo(1, 5);
          }
          const bytes = size * size * 3;
          const last = await aligner.embedPatches(some.subarray(18 * bytes), 1);
          expect(distance(last, patches.subarray(18 * places * width))).toBeLessThan(ROUNDING);
        });
      }
    },
  );

  it('sees an image of one patch as the image: both views of it are its embedding', async () => {
    const run = await trained('one-patch', {
      clip: { patch: 16 },
      mask: { kind: 'random', ratio: 0.5 },
    });
    for (const view of ['patch', 'frame'] as const) {
      await withAligner(run, { view }, async (aligner) => {
        const some = images(3, aligner.size);
        const whole = await aligner.embedImages(some, 3);
        expect(distance(await aligner.embedPatches(some, 3), whole)).toBeLessThan(ROUNDING);
      });
    }
  });

  it('shows a patch to the encoder alone: other pixels change nothing, unlike in one pass', async () => {
    const run = await trained('alone');
    for (const view of ['patch', 'frame'] as const) {
      await withAligner(run, { view }, async (aligner) => {
        const { size, patch, width } = aligner;
        const before = images(1, size);
        // Everything right of the first column of patches.
        const after = before.map((value, i) =>
          Math.floor(i / 3) % size >= patch ? 255 - value : value,
        );
        const [a, b] = [
          await aligner.embedPatches(before, 1),
          await aligner.embedPatches(after, 1),
        ];
        const changed = (place: number): number =>
          distance(
            a.subarray(place * width, (place + 1) * width),
            b.subarray(place * width, (place + 1) * width),
          );
        expect(changed(1)).toBeGreaterThan(1e-3);
        if (view === 'patch') expect(changed(0)).toBeLessThan(ROUNDING);
        else expect(changed(0)).toBeGreaterThan(ROUNDING);
      });
    }
  });

  it('takes the mean of what it learned from out of every text', async () => {
    const run = await trained('centred');
    const captions = (await readFile(data.trainList, 'utf8'))
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { captions: string[] }).captions);
    const distinct = [...new Set(captions)];
    const plain = await withAligner(run, { centred: false }, (aligner) =>
      aligner.embedTexts(distinct),
    );
    const centred = await withAligner(run, {}, (aligner) => aligner.embedTexts(distinct));
    const width = plain.length / distinct.length;
    const mean = new Float64Array(width);
    plain.forEach((value, i) => {
      mean[i % width] = (mean[i % width] as number) + value / distinct.length;
    });
    const rest = plain.map((value, i) => value - (mean[i % width] as number));
    const expected = rest.map(
      (value, i) => value / (lengths(rest, width)[Math.floor(i / width)] as number),
    );
    expect(distance(centred, expected)).toBeLessThan(1e-4);
  });

  it('has a digest of its weights and of how it is used', async () => {
    const [a, b] = [await trained('digest-a'), await trained('digest-b', { seed: 1 })];
    const digest = (run: string, options: RunAlignerOptions = {}): Promise<string> =>
      withAligner(run, options, async (aligner) => aligner.digest);
    const all = [
      await digest(a),
      await digest(b),
      await digest(a, { view: 'frame' }),
      await digest(a, { centred: false }),
    ];
    expect(new Set(all).size).toBe(4);
    expect(await digest(a)).toBe(all[0]);
  });

  it('refuses a run that knows no text, a caption that is too long, images of another size', async () => {
    const mae = await trained('mae', { objective: 'mae' });
    await expect(openRunAligner(mae, open)).rejects.toThrow(/did not learn to align.*contrastive/s);
    const run = await trained('refusals');
    await withAligner(run, {}, async (aligner) => {
      await expect(aligner.embedTexts(['ok', 'very '.repeat(199)])).rejects.toThrow(
        /longer than the text tower of refusals takes.*at most 128/s,
      );
      await expect(aligner.embedImages(new Uint8Array(7), 1)).rejects.toThrow(
        /7 bytes for 1 images/,
      );
    });
    await writeFile(join(folder, 'gone.txt'), '');
    await expect(openRunAligner(join(folder, 'gone'), open)).rejects.toThrow(/holds no run/);
  });
});
