import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList } from '../data/index.js';
import { evaluate, retrieval } from '../evaluation/index.js';
import { CaptionEmbeddings } from '../run/feeds/caption-embeddings.js';
import { loadModel } from '../run/load-model.js';
import { readEvaluations, readManifest, readMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import type { Aligner } from '../teacher/index.js';
import {
  type PretrainEvent,
  type PretrainOptions,
  pretrain,
  resumePretraining,
} from './tasks/pretrain.js';

const WIDTH = 6;

/** Embeds a caption by a digest of it. */
class FakeTeacher implements Aligner {
  readonly name = 'fake';
  readonly digest: string;
  readonly width = WIDTH;
  readonly size = 8;
  readonly patch = 4;
  readonly asked: string[] = [];
  disposed = false;

  constructor(digest: string = 'ab'.repeat(32)) {
    this.digest = digest;
  }

  async embedTexts(captions: readonly string[]): Promise<Float32Array> {
    this.asked.push(...captions);
    return Float32Array.from(captions.flatMap((caption) => directionOf(caption)));
  }

  async embedImages(): Promise<Float32Array> {
    throw new Error('not asked for');
  }

  async embedPatches(): Promise<Float32Array> {
    throw new Error('not asked for');
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

function directionOf(caption: string): number[] {
  const bytes = [...createHash('sha256').update(caption).digest()].slice(0, WIDTH);
  const centred = bytes.map((byte) => byte - 127.5);
  const length = Math.hypot(...centred);
  return centred.map((x) => x / length);
}

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-teacher-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 6 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

function settings(output: string, contrastive: object = {}, changes: object = {}): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mae',
      batch: 4,
      schedule: { steps: 4 },
      contrastive: { teacher: 'clip', ...contrastive },
      ...changes,
    }),
  );
}

function options(teacher: FakeTeacher = new FakeTeacher()): PretrainOptions {
  return { version: 'test', openTeacher: async () => teacher };
}

async function captions(): Promise<string[]> {
  return (await readClipList(data.trainList, () => {})).records.flatMap(
    (record) => record.captions,
  );
}

/** Runs until `steps` are done, as if stopped by a signal. */
async function runUntil(steps: number, config: RunSettings): Promise<void> {
  const stop = new AbortController();
  const onEvent = (event: PretrainEvent): void => {
    if (event.kind === 'step' && event.step === steps) stop.abort();
  };
  await pretrain(config, backend, { ...options(), signal: stop.signal, onEvent });
}

const losses = async (run: string): Promise<unknown[]> =>
  (await readMetrics(join(folder, run))).map(({ metrics }) => metrics);
const open = async (): Promise<Backend> => backend;

describe('a run with a frozen teacher', () => {
  it('asks it for each caption once, closes it, and takes its width', async () => {
    const teacher = new FakeTeacher();
    await pretrain(settings('straight'), backend, options(teacher));
    expect(teacher.asked.toSorted()).toEqual([...new Set(await captions())].toSorted());
    expect(teacher.disposed).toBe(true);
    const manifest = await readManifest(join(folder, 'straight'));
    expect(manifest.teacher).toEqual({ name: 'fake', digest: teacher.digest });
    expect(manifest.vocabulary).toBe(0);
    expect(manifest.settings.contrastive).toMatchObject({
      teacherWidth: WIDTH,
      textProjection: { kind: 'none', width: WIDTH },
      videoProjection: { kind: 'mlp-bn', width: WIDTH },
    });
  });

  it('is judged in between, and goes on, without asking the teacher again', async () => {
    const evaluation = { list: data.testList, everySteps: 2 };
    const teacher = new FakeTeacher();
    const run = settings('judged', {}, { evaluation });
    await pretrain(run, backend, options(teacher));
    expect(teacher.disposed).toBe(true);
    expect(await losses('judged')).toEqual(await losses('straight'));
    const model = { ...(await loadModel(run.output, open, () => {})), teacher };
    const { records } = await readClipList(data.testList, () => {});
    const found = await evaluate(retrieval, model, records, data.folder);
    const [last] = (await readEvaluations(run.output)).slice(-2);
    expect(last).toMatchObject({ step: 4, scores: retrieval.scores(found) });
    const gone = { version: 'test' };
    await rm(join(run.output, 'checkpoints'), { recursive: true });
    await resumePretraining(run.output, backend, gone);
    expect(await losses('judged')).toEqual(await losses('straight'));
  });

  it('goes on without the teacher, to the bits of a run that ran straight', async () => {
    await runUntil(2, settings('stopped'));
    const gone = async (): Promise<Aligner> => {
      throw new Error('the teacher was asked');
    };
    await resumePretraining(join(folder, 'stopped'), backend, {
      version: 'test',
      openTeacher: gone,
    });
    expect(await losses('stopped')).toEqual(await losses('straight'));
  });

  it('asks again where the embeddings are damaged, and refuses another teacher', async () => {
    await runUntil(2, settings('damaged'));
    const file = join(folder, 'damaged', 'teacher.safetensors');
    const good = await readFile(file);
    await truncate(file, good.length - 8);
    const other = options(new FakeTeacher('cd'.repeat(32)));
    await expect(resumePretraining(join(folder, 'damaged'), backend, other)).rejects.toThrow(
      'the teacher of this run has changed',
    );
    await resumePretraining(join(folder, 'damaged'), backend, options());
    expect(await readFile(file)).toEqual(good);
    expect(await losses('damaged')).toEqual(await losses('straight'));
  });

  it('retrieves with it, and says so where it is missing', async () => {
    const model = await loadModel(join(folder, 'straight'), open, () => {});
    const { records } = await readClipList(data.testList, () => {});
    await expect(evaluate(retrieval, model, records, data.folder)).rejects.toThrow(
      'needs the frozen teacher',
    );
    const teacher = new FakeTeacher();
    const found = await evaluate(retrieval, { ...model, teacher }, records, data.folder);
    expect(found.similarity).toMatchObject({ texts: 6, videos: 6 });
    expect(teacher.asked).toEqual(records.map((record) => record.captions[0]));
  });

  it('can put a linear head on the embeddings', async () => {
    const head = { textProjection: { kind: 'linear', width: 8 } };
    const result = await pretrain(settings('linear', head), backend, options());
    expect(result.state['projection.text.fc2.weight']?.shape).toEqual([8, WIDTH]);
  });

  it('watches a loss of weight 0, and learns what MAE alone learns', async () => {
    const watched = await pretrain(settings('watched', { weight: 0 }), backend, options());
    const alone = await pretrain(settings('alone', {}, { objective: 'mae' }), backend, options());
    const mae = async (run: string): Promise<unknown[]> =>
      (await readMetrics(join(folder, run))).map(({ metrics }) => metrics['loss.mae']);
    expect(await mae('watched')).toEqual(await mae('alone'));
    expect(Object.keys(alone.state)).toContain('encoder.patch.weight');
    for (const [name, { data: trained }] of Object.entries(alone.state)) {
      expect([name, watched.state[name]?.data]).toEqual([name, trained]);
    }
    const [first] = await readMetrics(join(folder, 'watched'));
    expect(first?.metrics['loss.contrastive']).toBeGreaterThan(0);
    expect(first?.metrics.loss).toBe(first?.metrics['loss.mae']);
  });

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});

describe('embeddings of captions', () => {
  it('are refused where a byte or a caption has changed', async () => {
    const file = join(folder, 'embeddings.safetensors');
    const embeddings = await CaptionEmbeddings.make(new FakeTeacher(), ['a', 'b', 'a']);
    await embeddings.save(file);
    const read = await CaptionEmbeddings.open(file, ['a', 'b']);
    expect(read.feeds(['b', 'a'])).toEqual(embeddings.feeds(['b', 'a']));
    expect(Array.from(read.feeds(['b'])['text.embedding']?.data ?? [])).toEqual(
      Array.from(Float32Array.from(directionOf('b'))),
    );
    await expect(CaptionEmbeddings.open(file, ['b', 'a'])).rejects.toThrow('of other captions');
    await expect(CaptionEmbeddings.open(file, ['a'])).rejects.toThrow('do not fit');
    const bytes = await readFile(file);
    const header = 8 + Number(bytes.readBigUInt64LE(0));
    bytes[header + 3] = (bytes[header + 3] as number) ^ 1;
    await writeFile(file, bytes);
    await expect(CaptionEmbeddings.open(file, ['a', 'b'])).rejects.toThrow('checksum');
    expect(() => read.feeds(['c'])).toThrow('not asked for');
  });

  it('must have a size and a direction', async () => {
    const broken = (rows: number[]): FakeTeacher =>
      Object.assign(new FakeTeacher(), { embedTexts: async () => Float32Array.from(rows) });
    await expect(CaptionEmbeddings.make(broken([1]), ['a'])).rejects.toThrow('another size');
    for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const rows = new Array<number>(WIDTH).fill(value);
      await expect(CaptionEmbeddings.make(broken(rows), ['a'])).rejects.toThrow('direction');
    }
  });
});

describe('settings with a teacher', () => {
  it('are refused where they do not fit together, with what to change', () => {
    const tgm = (changes: object): RunSettings =>
      settings('x', {}, { preset: 'tgm-vitb-k400', mask: { kind: 'tube' }, ...changes });
    expect(() => tgm({ contrastive: {} })).toThrow(/no(ne|thing).*contrastive\.teacher/s);
    expect(tgm({ objective: 'mae', contrastive: {} }).mask.ratio).toBe(0.9);
    expect(() => settings('x', { videoProjection: { width: 9 } })).toThrow("the teacher's");
    expect(() => settings('x', { weight: 0 }, { objective: 'contrastive' })).toThrow('weight 0');
    expect(() => settings('x', {}, { textMask: { ratio: 0.2 } })).toThrow('cannot be masked');
    expect(settings('x', {}, { preset: 'tiny-mac' }).textMask.ratio).toBe(0);
    expect(() => settings('x', { weight: -1 })).toThrow('at least 0');
  });
});
