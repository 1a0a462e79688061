import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { makeDemoData } from '../data/index.js';
import { SafetensorsFile } from '../formats/index.js';
import { loadModel } from '../run/load-model.js';
import { readManifest, readMetrics } from '../run/run-folder.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { type PretrainEvent, pretrain, resumePretraining } from './tasks/index.js';

let folder = '';
let videos = '';
let pictures = '';
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-stages-'));
  videos = (await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 2 })).trainList;
  pictures = join(folder, 'pictures', 'list.jsonl');
  mkdirSync(join(folder, 'pictures'));
  const lines = Array.from({ length: 6 }, (_, i) => {
    const data = Uint8Array.from({ length: 20 * 24 * 3 }, (_, at) => (at * (i + 3)) % 251);
    const name = `${i}.png`;
    writeFileSync(
      join(folder, 'pictures', name),
      encode({ width: 20, height: 24, channels: 3, data }),
    );
    return JSON.stringify({ image: name, captions: [`picture number ${i}`] });
  });
  writeFileSync(pictures, lines.join('\n'));
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const PICTURES_THEN_VIDEOS = [
  {
    name: 'pictures',
    clip: { frames: 1 },
    mask: { ratio: 0.75 },
    schedule: { steps: 5, baseLearningRate: 0.1 },
  },
  { name: 'videos', data: { others: [] }, clip: { frames: 4 }, batch: 2, schedule: { steps: 6 } },
];

function settings(output: string, changes: object = {}): ReturnType<typeof resolveSettings> {
  return resolveSettings(
    parseConfig({
      data: { list: videos, others: [{ list: pictures }], workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mac',
      batch: 4,
      checkpoints: { everySteps: 2, keep: 20 },
      stages: PICTURES_THEN_VIDEOS,
      ...changes,
    }),
  );
}

/** Metrics, and the digest of each file of each checkpoint. */
async function outcome(run: string): Promise<unknown> {
  const digests: string[] = [];
  for (const step of (await readdir(join(run, 'checkpoints'))).sort()) {
    for (const file of (await readdir(join(run, 'checkpoints', step))).sort()) {
      const bytes = await readFile(join(run, 'checkpoints', step, file));
      digests.push(`${step} ${file} ${createHash('sha256').update(bytes).digest('hex')}`);
    }
  }
  const metrics = await readMetrics(run);
  return { steps: metrics.map((line) => [line.step, line.epoch, line.metrics]), digests };
}

/** The tensors of a role in a checkpoint, by name. */
async function tensorsOf(
  run: string,
  step: number,
  role = 'parameter',
): Promise<ReadonlyMap<string, Float32Array>> {
  const path = join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  const file = await SafetensorsFile.open(join(path, `${role}.safetensors`));
  const tensors = new Map<string, Float32Array>();
  for (const name of file.tensors.keys())
    tensors.set(name, (await file.read(name)).data as Float32Array);
  await file.close();
  return tensors;
}

describe('a run of two stages', () => {
  it('is told, written and read back as one run', async () => {
    const run = join(folder, 'straight');
    const events: PretrainEvent[] = [];
    const onEvent = (event: PretrainEvent): void => void events.push(event);
    const result = await pretrain(settings('straight'), backend, { version: 'test', onEvent });
    expect(result).toMatchObject({ steps: 11, finished: true });
    expect(events.flatMap((event) => (event.kind === 'ready' ? [event.stage?.name] : []))).toEqual([
      'pictures',
      'videos',
    ]);
    const steps = (await readMetrics(run)).map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    const manifest = await readManifest(run);
    expect(manifest.stages).toMatchObject([
      { name: 'pictures', steps: 5, data: { clips: 8, others: [{ clips: 6 }] } },
      { name: 'videos', steps: 6, data: { clips: 8 } },
    ]);
    const saved = (await readdir(join(run, 'checkpoints')))
      .sort()
      .map((name) => Number(name.slice(5)));
    expect(saved).toEqual([2, 4, 5, 6, 8, 10, 11]);
    for (const [step, stage] of [
      [5, 'pictures'],
      [6, 'videos'],
    ] as const) {
      const index = join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`, 'index.json');
      expect(JSON.parse(await readFile(index, 'utf8'))).toMatchObject({ step, stage });
    }
    const model = await loadModel(
      run,
      async () => backend,
      () => {},
    );
    expect(model.settings).toMatchObject({ clip: { frames: 4 }, batch: 2 });
    expect(model.manifest.tokens).toEqual(manifest.stages?.[1]?.tokens);
  });

  it('begins the second with the weights of the first, zeros in the rows of new slots, and a new optimiser', async () => {
    // A rate of 0: the first step of the stage moves nothing.
    const still = [
      PICTURES_THEN_VIDEOS[0] ?? {},
      { clip: { frames: 4 }, schedule: { steps: 1, baseLearningRate: 0, minimumLearningRate: 0 } },
    ];
    const run = join(folder, 'still');
    await pretrain(settings('still', { stages: still }), backend, { version: 'test' });
    const [before, after] = [await tensorsOf(run, 5), await tensorsOf(run, 6)];
    const one = before.get('encoder.positions.slot') ?? new Float32Array(0);
    expect(one).toHaveLength(16);
    expect(one.every((x) => x !== 0)).toBe(true);
    expect(after.get('encoder.positions.slot')).toEqual(
      Float32Array.from([...one, ...new Float32Array(48)]),
    );
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, data] of after) {
      if (name !== 'encoder.positions.slot') expect([name, data]).toEqual([name, before.get(name)]);
    }
    // After one update that began at 0, v = (1 - beta2) g^2 and m = (1 - beta1) g.
    const moments = await tensorsOf(run, 6, 'optimizer');
    const m = moments.get('adamw.m.encoder.positions.slot') ?? new Float32Array(0);
    const v = moments.get('adamw.v.encoder.positions.slot') ?? new Float32Array(0);
    expect(m.filter((x) => x !== 0).length).toBeGreaterThan(60);
    m.forEach((x, i) => {
      expect(Math.abs((v[i] ?? Number.NaN) - 0.1 * x * x)).toBeLessThanOrEqual(1e-4 * 0.1 * x * x);
    });
  });

  it.each([5, 8])(
    'ends with the bits of one that ran straight, stopped after step %i',
    async (at) => {
      const run = join(folder, `stopped-${at}`);
      const stop = new AbortController();
      const onEvent = (event: PretrainEvent): void => {
        if (event.kind === 'step' && event.step === at) stop.abort();
      };
      const begun = settings(`stopped-${at}`, { checkpoints: { everySteps: 2, keep: 20 } });
      const stopped = await pretrain(begun, backend, {
        version: 'test',
        onEvent,
        signal: stop.signal,
      });
      expect(stopped).toMatchObject({ steps: at, finished: false });
      expect(await resumePretraining(run, backend, { version: 'test' })).toMatchObject({
        steps: 11,
      });
      // One more checkpoint is there where it was stopped.
      const { digests, steps } = (await outcome(run)) as { digests: string[]; steps: unknown };
      const whole = (await outcome(join(folder, 'straight'))) as {
        digests: string[];
        steps: unknown;
      };
      expect(steps).toEqual(whole.steps);
      expect(digests).toEqual(expect.arrayContaining(whole.digests));
    },
  );

  it('is made longer in its last stage', async () => {
    const run = join(folder, 'stopped-8');
    const result = await resumePretraining(run, backend, { version: 'test' }, { steps: 13 });
    expect(result.steps).toBe(13);
    const { stages, extended } = await readManifest(run);
    expect(stages?.map(({ steps }) => steps)).toEqual([5, 8]);
    expect(extended).toEqual([{ fromSteps: 11, toSteps: 13 }]);
    const shorter = resumePretraining(run, backend, { version: 'test' }, { steps: 9 });
    await expect(shorter).rejects.toThrow(/longer, not shorter/);
    const epochs = resumePretraining(run, backend, { version: 'test' }, { epochs: 9 });
    await expect(epochs).rejects.toThrow(/--epochs/);
  });
});
