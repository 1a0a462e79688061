import {
  appendFile,
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import { EventSchema } from '../formats/event-file/event_pb.js';
import { tfRecords } from '../formats/event-file/tf-record.js';
import { readManifest, readMetrics, readProblems } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { type PretrainEvent, pretrain, resumePretraining } from './tasks/pretrain.js';
import { outcome, smallRun, stopAfter } from './testing/small-run.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-resume-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 8 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const settings = (output: string, changes: object = {}): RunSettings =>
  smallRun(data, join(folder, output), changes);

/** Runs until `steps` are done, as if stopped by a signal. */
const runUntil = (steps: number, config: RunSettings): Promise<void> =>
  stopAfter(steps, config, backend);

const options = { version: 'test' };

describe('a run that is resumed', () => {
  it('ends with the bits of one that ran straight', async () => {
    await pretrain(settings('straight'), backend, options);
    await runUntil(3, settings('stopped'));
    await resumePretraining(join(folder, 'stopped'), backend, options);
    expect(await outcome(join(folder, 'stopped'))).toEqual(await outcome(join(folder, 'straight')));
  });

  it('has each step once in its event files, in a second one from where it went on, and in Trackio', async () => {
    const run = join(folder, 'watched');
    vi.stubEnv('TRACKIO_DIR', join(folder, 'trackio'));
    const told = { tensorboard: true, trackio: 'tests' };
    await runUntil(5, settings('watched', { ...told, checkpoints: { everySteps: 3 } }));
    // As if killed: the checkpoint of the step at which it stopped is gone.
    await rm(join(run, 'checkpoints', 'step-00000005'), { recursive: true });
    await resumePretraining(run, backend, options);
    vi.unstubAllEnvs();
    const names = (await readdir(run)).filter((name) => name.includes('tfevents')).sort();
    const steps: number[][] = [];
    for (const name of names) {
      const own: number[] = [];
      for await (const { data } of tfRecords(join(run, name))) {
        const { step, what } = fromBinary(EventSchema, data);
        if (what.case === 'summary') own.push(Number(step));
      }
      steps.push(own);
    }
    expect(steps).toEqual([
      [1, 2, 3],
      [4, 5, 6, 7, 8],
    ]);
    expect((await readMetrics(run)).map(({ step }) => step)).toEqual(steps.flat());
    const inbox = join(folder, 'trackio', 'inbox');
    const [writer = '', ...others] = await readdir(inbox);
    const fragments = (await readdir(join(inbox, writer))).sort();
    const texts = fragments.map((name) => readFile(join(inbox, writer, name), 'utf8'));
    const lines = (await Promise.all(texts)).flatMap((text) => text.trim().split('\n'));
    const records = lines.map((line) => JSON.parse(line) as { step: number; log_id: string });
    expect(records.map(({ step }) => step)).toEqual(steps.flat());
    expect(records.map(({ log_id: id }) => id)).toEqual(steps.flat().map((n) => `${writer}-${n}`));
    expect(others).toEqual([]);
  });

  it('has its checkpoint where Trackio cannot be told of the steps before it', async () => {
    const file = join(folder, 'no folder');
    await appendFile(file, '');
    vi.stubEnv('TRACKIO_DIR', file);
    const untold = settings('untold', { trackio: 'tests', checkpoints: { everySteps: 3 } });
    await expect(pretrain(untold, backend, options)).rejects.toThrow('no folder');
    vi.unstubAllEnvs();
    expect(await readdir(join(folder, 'untold', 'checkpoints'))).toEqual(['step-00000003']);
  });

  it('goes on from the checkpoint before a damaged one, and drops a metric that was cut off', async () => {
    const run = join(folder, 'damaged');
    await runUntil(5, settings('damaged'));
    await truncate(join(run, 'checkpoints', 'step-00000005', 'parameter.safetensors'), 1000);
    await appendFile(join(run, 'metrics.jsonl'), '{"step": 6, "metr');
    const notes: string[] = [];
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'note') notes.push(event.text);
    };
    await resumePretraining(run, backend, { ...options, onEvent });
    expect(notes.join()).toContain('step-00000005 is damaged');
    expect(await outcome(run)).toEqual(await outcome(join(folder, 'straight')));
  });

  it('is made longer, not shorter, and remembers that', async () => {
    const run = join(folder, 'longer');
    await pretrain(settings('longer'), backend, options);
    const shorter = resumePretraining(run, backend, options, { steps: 7 });
    await expect(shorter).rejects.toThrow('--steps: a run that goes on can be made longer');
    expect((await resumePretraining(run, backend, options, { steps: 12 })).steps).toBe(12);
    const { settings: now, extended } = await readManifest(run);
    expect(extended).toEqual([{ fromSteps: 8, toSteps: 12 }]);
    expect(now.schedule.steps).toBe(12);
    expect((await readMetrics(run)).map(({ step }) => step)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  it('finds its list where a person says that it lies now, and takes no other', async () => {
    const run = join(folder, 'moved');
    const list = join(folder, 'moved.jsonl');
    await cp(data.trainList, list);
    await runUntil(3, settings('moved', { data: { list, root: data.folder } }));
    await rm(list);
    await expect(resumePretraining(run, backend, options)).rejects.toThrow('have changed');
    const paths = (here: string) => ({ paths: { list: here, root: data.folder } });
    const other = resumePretraining(run, backend, options, paths(data.testList));
    await expect(other).rejects.toThrow('have changed');
    await resumePretraining(run, backend, options, paths(data.trainList));
    expect(await outcome(run)).toEqual(await outcome(join(folder, 'straight')));
  });

  it('refuses a folder without a run, and a run that is there already', async () => {
    await expect(resumePretraining(folder, backend, options)).rejects.toThrow('holds no run');
    await expect(pretrain(settings('straight'), backend, options)).rejects.toThrow('--resume');
  });
});

describe('a run', () => {
  it('skips a clip that is no video, and says so once', async () => {
    await writeFile(join(data.folder, 'broken.mp4'), 'no video');
    const list = join(data.folder, 'with-broken.jsonl');
    const good = await readFile(data.trainList, 'utf8');
    await writeFile(list, `{"video": "broken.mp4", "captions": ["nothing", "at all"]}\n${good}`);
    const result = await pretrain(settings('broken', { data: { list } }), backend, options);
    expect(result.finished).toBe(true);
    expect((await readProblems(result.folder)).map(({ id }) => id)).toEqual(['broken.mp4']);
  });

  it('stops at a loss that is not finite, names the samples and keeps the last good checkpoint', async () => {
    const run = settings('diverging', {
      schedule: { steps: 8, baseLearningRate: 1, warmupSteps: 0 },
      batch: 16,
      contrastive: { temperature: { kind: 'learned', maximumScale: 1e6 } },
      checkpoints: { everySteps: 1 },
      encoder: { normEps: 1e-30 },
    });
    // A rate of 1e37 at batch 16 is what a slip of the keyboard would give; the schema bounds the base.
    const diverging = { ...run, schedule: { ...run.schedule, baseLearningRate: 1e38 } };
    await expect(pretrain(diverging, backend, options)).rejects.toThrow(/samples clips\/train-/);
    const kept = await readdir(join(diverging.output, 'checkpoints'));
    expect(kept.some((name) => name.startsWith('step-'))).toBe(true);
  });

  it('gives nobody its own captions where they are shuffled, and still trains', async () => {
    const result = await pretrain(settings('shuffled', { pairing: 'shuffled' }), backend, options);
    expect(result.finished).toBe(true);
    expect(await outcome(result.folder)).not.toEqual(await outcome(join(folder, 'straight')));
  });

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});
