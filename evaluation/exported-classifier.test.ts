import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend, HostTensor, Named } from '../core/backend.js';
import { capable } from '../core/testing/capability.js';
import { dataRootOf } from '../data/index.js';
import { SHARED_DATA } from '../data/testing/shared-data.js';
import { SafetensorsFile } from '../formats/index.js';
import { classifierConfig, classifierState, type TrainedClassifier } from '../run/classifier.js';
import { finetuningConfig } from '../run/finetuning-config.js';
import { withProgram } from '../run/open-program.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { planExport } from '../run/weights/exports/plan-export.js';
import { writtenTensors } from '../run/weights/exports/written-tensors.js';
import { FIXTURES } from '../run/weights/testing/fixtures.js';
import { expectClose, expected, stateInLayout } from '../run/weights/testing/imported.js';
import { classifierLogits, type StateSpec, videoMaeClassifierHf } from '../spec/index.js';
import { classify } from './classification.js';

const FOLDER = join(FIXTURES, 'classes');
const CLASSES = ['scene', 'sign', 'toy'];

const settings = resolveSettings(
  parseConfig({
    ...finetuningConfig('plain', undefined, { steps: 1 }),
    preset: 'tiny-mae',
    clip: { frames: 8, size: 48, patch: 8, stride: 1, sampling: 'window' },
    encoder: { width: 24, depth: 2, heads: 3 },
    data: { list: 'list' },
    output: 'run',
  }),
);
const heads = [{ name: 'label', classes: CLASSES }];
const facts = { vocabulary: 1, begin: null, end: null, pad: 0, heads };
const specs = classifierState(settings, heads);

let backend: Backend;
let classifier: TrainedClassifier;
let file: SafetensorsFile;
beforeAll(async () => {
  backend = await ONNX.open({ threads: 1 });
  file = await SafetensorsFile.open(join(FOLDER, 'model.safetensors'));
  const state = await stateInLayout('classes', videoMaeClassifierHf('label'), specs);
  classifier = { settings, heads, backend, state };
});
afterAll(async () => {
  await file.close();
  await backend.dispose();
});

describe('a classifier that transformers saved as VideoMAEForVideoClassification', () => {
  it('has its logits here, and others with another eps', async () => {
    const want = await expected('classes');
    const logits = async (encoder: object): Promise<HostTensor | undefined> => {
      const config = classifierConfig(settings, heads);
      const model = classifierLogits(
        { ...config, encoder: { ...config.encoder, ...encoder } },
        { batch: 1 },
      );
      const feeds = { frames: want('frames') };
      const outputs = await withProgram(classifier, model, (call) => call(feeds));
      return outputs['logits.label'];
    };
    expectClose(await logits({}), want('logits'));
    const other = await logits({ normEps: 1e-2 });
    expect(() => {
      expectClose(other, want('logits'));
    }).toThrow();
  });

  it('is written as the same tensors, bit by bit, with the same configuration', async () => {
    const plan = planExport(settings, specs, facts, 'run');
    expect(plan.name).toBe('videomae-classifier');
    expect(plan.leftOut).toEqual([]);
    const { state } = classifier;
    const run = { read: async ({ name }: StateSpec) => state[name] as HostTensor };
    const { declared, read } = writtenTensors(run, plan.tensors);
    expect(declared.map(({ name }) => name).sort()).toEqual([...file.tensors.keys()].sort());
    for (const { name } of declared) expect(await read(name), name).toEqual(await file.read(name));
    const theirs = JSON.parse(await readFile(join(FOLDER, 'config.json'), 'utf8'));
    expect(plan.config).toMatchObject({
      architectures: ['VideoMAEForVideoClassification'],
      use_mean_pooling: true,
      id2label: theirs.id2label,
      label2id: theirs.label2id,
      num_frames: theirs.num_frames,
      layer_norm_eps: theirs.layer_norm_eps,
    });
  });

  it('is not written as what it is not, and its encoder alone may be', () => {
    const plan = (model: Parameters<typeof planExport>[4], own = facts) =>
      planExport(settings, specs, own, 'runs/a', model);
    expect(() => plan('videomae')).toThrow('got task fine-tuning, expected task pretraining');
    expect(() => plan('distilbert')).toThrow('got task fine-tuning');
    const two = { ...facts, heads: [...heads, { name: 'noun', classes: CLASSES }] };
    expect(() => plan('videomae-classifier', two)).toThrow('got heads 2, expected heads 1');
    const encoder = plan('videomae-encoder');
    expect(encoder.config).toMatchObject({ use_mean_pooling: true });
    expect(encoder.leftOut).toEqual(
      specs.map(({ name }) => name).filter((name) => name.startsWith('classifier.')),
    );
    const { heads: _, ...pretrained } = facts;
    expect(() => planExport(settings, specs, pretrained, 'runs/a', 'videomae-classifier')).toThrow(
      'got task pretraining, expected task fine-tuning',
    );
  });
});

const absent = SHARED_DATA === undefined ? '../shared/data is absent' : undefined;
describe.skipIf(!capable('shared-data', absent))('its classes of real clips', () => {
  // Scores are not compared: Pillow scales the frames there, FFmpeg here.
  it("are those of pipeline('video-classification')", async () => {
    const scores: Named<Named<number>> = JSON.parse(
      await readFile(join(FOLDER, 'scores.json'), 'utf8'),
    );
    const videos = Object.keys(scores).filter((_, index) => index % 3 === 0);
    const part = { first: 0, count: settings.clip.frames + 1 };
    const records = videos.map((video) => ({ id: video, video, captions: [], part }));
    const root = dataRootOf(SHARED_DATA ?? '', false);
    const result = await classify(classifier, records, root, { clips: 1, crops: 1 });
    expect(result.records).toHaveLength(13);
    const rows = result.probabilities.label ?? [];
    const told = result.records.map((_, index) => {
      const row = [...(rows[index] ?? [])];
      return CLASSES[row.indexOf(Math.max(...row))];
    });
    const theirs = videos.map((video) => {
      const row = Object.entries(scores[video] ?? {});
      return row.reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    });
    expect(told).toEqual(theirs);
    expect(new Set(told).size).toBe(3);
  });
});
