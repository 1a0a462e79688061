import { createHash } from 'node:crypto';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import { type DemoData, makeDemoData } from '../../data/index.js';
import {
  loadModel,
  type ProbeSettings,
  parseConfig,
  readEvaluations,
  readMetrics,
  readProblems,
  resolveSettings,
} from '../../run/index.js';
import {
  type ProbeEvent,
  type ProbeOptions,
  pretrain,
  probe,
  resumePretraining,
  resumeProbe,
} from '../index.js';

let folder = '';
let data: DemoData;
let backend: Backend;
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-probe-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 40, testClips: 8 });
  backend = await ONNX.open();
  run = join(folder, 'run');
  const config = { preset: 'tiny-mae', objective: 'mae', batch: 4, schedule: { steps: 2 } };
  const settings = resolveSettings(
    parseConfig({ ...config, data: { list: data.trainList }, output: run }),
  );
  await pretrain(settings, backend, { version: 'test' });
}, 120_000);
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const options: ProbeOptions = { version: 'test' };

function settings(output: string, changes: Partial<ProbeSettings> = {}): ProbeSettings {
  return {
    run,
    data: { path: data.trainList },
    test: { path: data.testList },
    output: join(folder, output),
    seed: 0,
    steps: 9,
    learningRate: 0.02,
    evaluateEvery: 4,
    checkpoints: { everySteps: 3, keep: 2 },
    backend: { name: 'onnx' },
    ...changes,
  };
}

async function outcome(path: string): Promise<unknown> {
  const last = (await readdir(join(path, 'checkpoints'))).sort().at(-1) ?? '';
  const digests: string[] = [];
  for (const file of (await readdir(join(path, 'checkpoints', last))).sort()) {
    const bytes = await readFile(join(path, 'checkpoints', last, file));
    digests.push(`${file} ${createHash('sha256').update(bytes).digest('hex')}`);
  }
  const metrics = await readMetrics(path);
  const losses = metrics.map(({ step, epoch, learningRate, metrics: m }) => [
    step,
    epoch,
    learningRate,
    m,
  ]);
  return { last, losses, digests, evaluations: await readEvaluations(path) };
}

/** A probe that is stopped after so many steps. */
async function stopped(name: string, steps: number): Promise<string> {
  const stop = new AbortController();
  const onEvent = (event: ProbeEvent): void => {
    if (event.kind === 'step' && event.step === steps) stop.abort();
  };
  const result = await probe(settings(name), backend, { ...options, signal: stop.signal, onEvent });
  expect([result.finished, result.steps, result.scores]).toEqual([false, steps, undefined]);
  return result.folder;
}

describe('a probe', () => {
  it('says how well classes are read off, in a folder of its own, and tells what happens', async () => {
    const told: ProbeEvent[] = [];
    const onEvent = (event: ProbeEvent): void => {
      told.push(event);
    };
    const result = await probe(settings('straight'), backend, { ...options, onEvent });
    const { scores = {}, manifest } = result;
    expect(result.finished).toBe(true);
    expect(scores.chance).toBeCloseTo(1 / manifest.classes.length);
    expect(scores.train_top1).toBeGreaterThan(scores.chance ?? 1);
    expect([manifest.data.clips, manifest.test.clips]).toEqual([40, 8]);
    const kept = await readEvaluations(result.folder);
    expect(kept.map(({ step }) => step)).toEqual([4, 8, 9]);
    expect(kept.at(-1)?.scores).toEqual(scores);
    expect(told.filter(({ kind }) => kind === 'step')).toHaveLength(9);
    expect(told.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(3);
    expect(told).toContainEqual({ kind: 'features', done: 40, total: 40 });
  });

  it('that is resumed ends with the bits of one that ran straight, without videos and without the run', async () => {
    const path = await stopped('stopped', 5);
    await rename(data.folder, `${data.folder}-away`);
    await rename(run, `${run}-away`);
    try {
      const result = await resumeProbe(path, backend, options);
      expect(await outcome(path)).toEqual(await outcome(join(folder, 'straight')));
      // One that is done is not done again, and says the same.
      const again = await resumeProbe(path, backend, options);
      expect([again.scores, again.steps]).toEqual([result.scores, 9]);
    } finally {
      await rename(`${data.folder}-away`, data.folder);
      await rename(`${run}-away`, run);
    }
  });

  it('goes on from the checkpoint before a damaged one', async () => {
    const path = await stopped('damaged', 5);
    await truncate(join(path, 'checkpoints', 'step-00000005', 'parameter.safetensors'), 100);
    const notes: string[] = [];
    const onEvent = (event: ProbeEvent): void => {
      if (event.kind === 'note') notes.push(event.text);
    };
    await resumeProbe(path, backend, { ...options, onEvent });
    expect(notes.join()).toContain('step-00000005 is damaged');
    expect(await outcome(path)).toEqual(await outcome(join(folder, 'straight')));
  });

  it('takes classes from folders, holds out every fifth clip of each, and passes over what is no video', async () => {
    const videos = join(folder, 'classes');
    const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
    for (const [index, line] of lines.slice(0, 20).entries()) {
      const { video } = JSON.parse(line) as { readonly video: string };
      const own = join(videos, index % 2 === 0 ? 'even' : 'odd');
      await mkdir(own, { recursive: true });
      await copyFile(join(data.folder, video), join(own, `${String(index).padStart(2, '0')}.mp4`));
    }
    await writeFile(join(videos, 'odd', '99.mp4'), 'no video');
    const { test, ...own } = settings('folders', { data: { path: videos } });
    const { manifest } = await probe(own, backend, options);
    expect(manifest.classes).toEqual(['even', 'odd']);
    expect([manifest.data.clips, manifest.test.clips]).toEqual([16, 4]);
    expect((await readProblems(join(folder, 'folders'))).map(({ id }) => id)).toEqual([
      'odd/99.mp4',
    ]);
  });

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});

describe('a probe is refused', () => {
  const begin = (changes: Partial<ProbeSettings>): Promise<unknown> =>
    probe(settings('refused', changes), backend, options);
  const listOf = async (name: string, change: (line: object) => object): Promise<string> => {
    const path = join(data.folder, name);
    const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
    await writeFile(path, lines.map((line) => JSON.stringify(change(JSON.parse(line)))).join('\n'));
    return path;
  };

  it('where clips have no class, or all the same, or too few to hold one out', async () => {
    const silent = await listOf('silent.jsonl', (line) => ({ ...line, label: undefined }));
    await expect(begin({ data: { path: silent } })).rejects.toThrow(
      /a probe learns classes, and 40 of 40 clips have none; got clips\/.* without a class, expected a key "label"/,
    );
    const one = await listOf('one.jsonl', (line) => ({ ...line, label: 'one' }));
    const same = { data: { path: one }, test: { path: one } };
    await expect(begin(same)).rejects.toThrow('a linear probe needs at least two classes');
    let next = 0;
    const all = await listOf('all.jsonl', (line) => ({ ...line, label: String(next++) }));
    const { test, ...own } = settings('refused', { data: { path: all } });
    await expect(probe(own, backend, options)).rejects.toThrow(
      /at least 5 clips of a class.*--test/,
    );
    await expect(readdir(join(folder, 'refused'))).rejects.toThrow('ENOENT');
  });

  it('in a folder that is used, before any feature is made', async () => {
    const told: string[] = [];
    const onEvent = ({ kind }: ProbeEvent): void => {
      told.push(kind);
    };
    const again = probe(settings('straight'), backend, { ...options, onEvent });
    await expect(again).rejects.toThrow(/a run is there already.*--resume/);
    expect(told).toEqual([]);
  });

  it('where its features have changed, and where a folder is of another task', async () => {
    const path = await stopped('changed', 2);
    const file = join(path, 'features.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(file, bytes);
    await expect(resumeProbe(path, backend, options)).rejects.toThrow(
      'the features of this probe have changed since it began',
    );
    await expect(resumeProbe(run, backend, options)).rejects.toThrow(
      /holds a pretraining run.*expected a linear probe. Continue it with: lacuna pretrain --resume/,
    );
    await expect(resumePretraining(path, backend, { version: 'test' })).rejects.toThrow(
      /holds a linear probe.*expected a pretraining run. Continue it with: lacuna probe --resume/,
    );
    await expect(
      loadModel(
        path,
        async () => backend,
        () => {},
      ),
    ).rejects.toThrow('holds a linear probe');
  });
});
