import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList } from '../data/index.js';
import { evaluate, retrieval } from '../evaluation/index.js';
import {
  loadModel,
  parseConfig,
  type RunSettings,
  readEvaluations,
  readMetrics,
  resolveSettings,
} from '../run/index.js';
import { type PretrainEvent, pretrain, resumePretraining } from './index.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-evaluation-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 6 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

function settings(output: string, changes: object = {}): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mae',
      batch: 4,
      schedule: { steps: 5 },
      checkpoints: { everySteps: 2 },
      ...changes,
    }),
  );
}

const judged = (more: object = {}): object => ({
  evaluation: { list: data.testList, everySteps: 2, ...more },
});
const losses = async (run: string): Promise<unknown> =>
  (await readMetrics(join(folder, run))).map(({ step, metrics }) => [step, metrics]);
const options = { version: 'test' };

describe('a run that is evaluated in between', () => {
  it('has the bits of one that is not, and tells what it was worth: as the evaluator says alone', async () => {
    const plain = await pretrain(settings('plain'), backend, options);
    const told: PretrainEvent[] = [];
    const onEvent = (event: PretrainEvent): void => {
      told.push(event);
    };
    const run = settings('judged', judged());
    const result = await pretrain(run, backend, { ...options, onEvent });
    expect(await losses('judged')).toEqual(await losses('plain'));
    expect(result.state).toEqual(plain.state);

    const kept = await readEvaluations(run.output);
    const evaluations = told.flatMap((event) => {
      if (event.kind !== 'evaluation') return [];
      // What an evaluator found is told beside its scores, and not kept.
      const { result, ...line } = event;
      expect(result).toBeDefined();
      return [line];
    });
    expect(evaluations).toEqual(kept.map((each) => ({ kind: 'evaluation', ...each })));
    expect(kept.map(({ step, evaluator }) => `${step} ${evaluator}`)).toEqual(
      [2, 4, 5].flatMap((step) => [`${step} retrieval`, `${step} reconstruction`]),
    );
    const model = await loadModel(
      run.output,
      async () => backend,
      () => {},
    );
    const { records } = await readClipList(data.testList, () => {});
    const last = retrieval.scores(await evaluate(retrieval, model, records, data.folder));
    expect(kept.at(-2)?.scores).toEqual(last);
    expect(Object.keys(last)[0]).toBe('text_to_video.r1');
    expect(last['chance.r1']).toBeCloseTo(1 / 6);

    // A clip without a caption is no part of the gallery: nothing could ask for it.
    const [first, ...others] = records;
    const silent = [...(first === undefined ? [] : [{ ...first, captions: [] }]), ...others];
    const leftOut: string[] = [];
    const gallery = await evaluate(retrieval, model, silent, data.folder, {
      onProblem: ({ id }) => leftOut.push(id),
    });
    expect(leftOut).toEqual([first?.id]);
    expect(gallery.problems.map(({ id }) => id)).toEqual(leftOut);
    expect(gallery.videos).toEqual(others.map(({ id }) => id));
    expect(retrieval.scores(gallery)['chance.r1']).toBeCloseTo(1 / 5);
  });

  it('goes on with the evaluations of one that ran straight, also where one was written twice', async () => {
    const run = settings('stopped', judged());
    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === 3) stop.abort();
    };
    await pretrain(run, backend, { ...options, signal: stop.signal, onEvent });
    // As if it had been killed after the evaluation of step 4 and before its checkpoint.
    const late = { step: 4, evaluator: 'retrieval', scores: { 'text_to_video.r1': 0 } };
    await appendFile(join(run.output, 'evaluations.jsonl'), `${JSON.stringify(late)}\n`);
    await resumePretraining(run.output, backend, options);
    expect(await readEvaluations(run.output)).toEqual(
      await readEvaluations(join(folder, 'judged')),
    );
  });

  it('is judged by what its model can do, on as many clips as are asked for', async () => {
    const run = settings('mae', { ...judged({ clips: 2, everySteps: 9 }), objective: 'mae' });
    await pretrain(run, backend, options);
    const kept = await readEvaluations(run.output);
    expect(kept.map(({ step, evaluator }) => [step, evaluator])).toEqual([[5, 'reconstruction']]);
    expect(kept[0]?.scores.squared_error).toBeGreaterThan(0);
  });

  it('is refused before anything is written where its clips cannot be used', async () => {
    const silent = join(data.folder, 'silent.jsonl');
    const { video } = JSON.parse((await readFile(data.testList, 'utf8')).split('\n')[0] ?? '') as {
      readonly video: string;
    };
    await writeFile(silent, `${JSON.stringify({ video })}\n`);
    const begin = (evaluation: object): Promise<unknown> =>
      pretrain(
        settings('refused', { evaluation: { everySteps: 2, ...evaluation } }),
        backend,
        options,
      );
    await expect(begin({ list: silent })).rejects.toThrow(`${video} without a caption`);
    await expect(begin({ list: data.testList, root: folder })).rejects.toThrow('holds none of');
    await expect(readFile(join(folder, 'refused', 'manifest.json'))).rejects.toThrow('ENOENT');
    expect(() => settings('x', { evaluation: { list: data.testList } })).toThrow(
      /evaluation.everySteps.*missing/,
    );
  });

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});
