import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { CheckpointReader, lastGoodCheckpoint } from '../../run/checkpoint.js';
import { loadClassifier } from '../../run/classifier.js';
import { finetuningConfig } from '../../run/finetuning-config.js';
import { readEvaluations, readMetrics } from '../../run/run-folder.js';
import type { RunSettings } from '../../run/settings/config.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { withWeights } from '../../run/weights/with-weights.js';
import { averageName } from '../../spec/index.js';
import { finetune, resumeFinetuning } from './finetune.js';
import { pretrain } from './pretrain.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-finetune-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 24, testClips: 8 });
  backend = await ONNX.open({ threads: 1 });
}, 60_000);
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const options = { version: 'test' };

/** Everything that fine-tuning has, on a model as small as can be. */
function config(output: string, changes: object = {}): Record<string, unknown> {
  return {
    ...finetuningConfig('k400', undefined, { steps: 6 }),
    preset: 'tiny-mae',
    data: { list: data.trainList, workers: 1 },
    evaluation: { list: data.testList, everySteps: 3, clips: 8 },
    output: join(folder, output),
    batch: 4,
    checkpoints: { everySteps: 2, keep: 2 },
    finetuning: { recipe: 'k400', dropPath: 0.2, dropout: 0.1, average: 0.9, clipNorm: 1 },
    ...changes,
  };
}

const settings = (output: string, changes: object = {}): RunSettings =>
  resolveSettings(parseConfig(config(output, changes)));

async function outcome(run: string): Promise<unknown> {
  const last = (await readdir(join(run, 'checkpoints'))).sort().at(-1) ?? '';
  const index = await readFile(join(run, 'checkpoints', last, 'index.json'), 'utf8');
  const losses = (await readMetrics(run)).map(({ step, metrics }) => [step, metrics]);
  return { last, index, losses, evaluations: await readEvaluations(run) };
}

/** One step that changes nothing. */
const STILL = { steps: 1, baseLearningRate: 0, minimumLearningRate: 0 };

describe('fine-tuning', () => {
  it('ends with the bits of a run that ran straight, where it was stopped and resumed', async () => {
    await finetune(settings('straight'), backend, options);
    const stop = new AbortController();
    const stopped = await finetune(settings('stopped'), backend, {
      ...options,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 3) stop.abort();
      },
    });
    expect([stopped.finished, stopped.steps]).toEqual([false, 3]);
    await resumeFinetuning(join(folder, 'stopped'), backend, options);
    const straight = await outcome(join(folder, 'straight'));
    expect(await outcome(join(folder, 'stopped'))).toEqual(straight);
    expect(straight).toMatchObject({
      last: 'step-00000006',
      evaluations: [{ step: 3 }, { step: 6 }],
    });
  });

  it('is judged by its averages, which lag behind its weights', async () => {
    const classifier = await loadClassifier(
      join(folder, 'straight'),
      async () => backend,
      () => {},
    );
    const { state, heads, manifest } = classifier;
    expect(heads[0]?.classes.length).toBeGreaterThan(2);
    expect(manifest.settings.finetuning?.average).toBe(0.9);
    const name = 'classifier.head.label.weight';
    expect(state[name]?.shape).toEqual([heads[0]?.classes.length, 16]);
    expect(state[averageName(name)]).toBeUndefined();
  });

  it('begins with the encoder of a run, and with a head of its own', async () => {
    const pretrained = join(folder, 'pretrained');
    const first = { preset: 'tiny-mae', objective: 'mae', batch: 4, schedule: { steps: 2 } };
    const own = { ...first, data: { list: data.trainList, workers: 1 }, output: pretrained };
    await pretrain(resolveSettings(parseConfig(own)), backend, options);
    const notes: string[] = [];
    const given = await withWeights(config('begun', { schedule: STILL }), [pretrained]);
    const { manifest } = await finetune(resolveSettings(parseConfig(given)), backend, {
      ...options,
      onEvent: (event) => {
        if (event.kind === 'note') notes.push(event.text);
      },
    });
    const [source] = manifest.weights?.from ?? [];
    expect(source).toMatchObject({
      model: 'a run of Lacuna',
      towers: ['video'],
      anew: { count: 0 },
    });
    expect(notes.join('\n')).toContain('Weights are taken: a run of Lacuna');
    // At a rate of 0 the encoder is the pretrained one still.
    const patch = { name: 'encoder.patch.weight', shape: [16, 96] };
    const read = async (run: string): Promise<unknown> => {
      const checkpoint = await lastGoodCheckpoint(join(folder, run, 'checkpoints'));
      if (checkpoint === undefined) throw new Error('there is no checkpoint');
      const reader = await CheckpointReader.open(checkpoint);
      try {
        return (await reader.read(patch)).data;
      } finally {
        await reader.close();
      }
    };
    expect(await read('begun')).toEqual(await read('pretrained'));
    expect(await read('straight')).not.toEqual(await read('pretrained'));
  });

  it('trains in microbatches', async () => {
    const parts = settings('parts', { microbatches: 2, schedule: { steps: 2 } });
    const { finished } = await finetune(parts, backend, options);
    expect(finished).toBe(true);
    expect((await readMetrics(join(folder, 'parts'))).map(({ step }) => step)).toEqual([1, 2]);
  });

  it('learns a head for each label where clips have several', async () => {
    const both = async (path: string): Promise<string> => {
      const lines = (await readFile(path, 'utf8')).trim().split('\n');
      const list = join(folder, 'data', `both-${basename(path)}`);
      const made = lines.map((line, index) => {
        const { video } = JSON.parse(line) as { readonly video: string };
        return JSON.stringify({ video, labels: { verb: `v${index % 2}`, noun: `n${index % 3}` } });
      });
      await writeFile(list, made.join('\n'));
      return list;
    };
    const heads = settings('heads', {
      data: { list: await both(data.trainList), workers: 1 },
      evaluation: { list: await both(data.testList), everySteps: 1, clips: 8 },
      schedule: { steps: 1 },
    });
    const { manifest } = await finetune(heads, backend, options);
    expect(manifest.heads).toEqual([
      { name: 'noun', classes: ['n0', 'n1', 'n2'] },
      { name: 'verb', classes: ['v0', 'v1'] },
    ]);
    const [first] = await readMetrics(join(folder, 'heads'));
    const { loss = 0, 'loss.noun': noun = 0, 'loss.verb': verb = 0 } = first?.metrics ?? {};
    // At the start every class is as likely: ln 3 and ln 2.
    expect(noun).toBeCloseTo(Math.log(3), 1);
    expect(verb).toBeCloseTo(Math.log(2), 1);
    expect(loss).toBeCloseTo(noun + verb, 5);
    const [{ scores } = { scores: {} }] = await readEvaluations(join(folder, 'heads'));
    expect(Object.keys(scores)).toEqual([
      ...['noun', 'verb'].flatMap((head) =>
        ['top1', 'top5', 'mean_class', 'calibration_error', 'chance', 'majority'].map(
          (name) => `${head}.${name}`,
        ),
      ),
      ...['noun+verb.top1', 'noun+verb.top5'],
    ]);
  });

  it('names the clip without a label, and the class that is not learned', async () => {
    const lines = (await readFile(data.trainList, 'utf8')).trim().split('\n');
    const list = join(folder, 'data', 'silent.jsonl');
    const { video } = JSON.parse(lines[0] ?? '') as { readonly video: string };
    await writeFile(list, [JSON.stringify({ video, captions: [] }), ...lines.slice(1)].join('\n'));
    const silent = settings('silent', { data: { list } });
    await expect(finetune(silent, backend, options)).rejects.toThrow(
      `${list}: a classifier learns labels, and 1 of 24 clips have no label; got ${video} without a label`,
    );
    const strange = join(folder, 'data', 'strange.jsonl');
    await writeFile(strange, JSON.stringify({ video, captions: [], label: 'oak' }));
    const judged = { list: strange, everySteps: 3, clips: 8 };
    const unknown = settings('unknown', { evaluation: judged });
    await expect(finetune(unknown, backend, options)).rejects.toThrow(
      'a clip to judge by is of a class that is not among those that are learned',
    );
    expect(await readdir(folder)).not.toContain('unknown');
  });
});
