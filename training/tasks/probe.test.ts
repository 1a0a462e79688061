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
import { EmbeddingCache } from '../../evaluation/index.js';
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
  readProbeOutcome,
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
  backend = await ONNX.open({ threads: 1 });
  run = join(folder, 'run');
  const config = { preset: 'tiny-mae', objective: 'mae', batch: 4, schedule: { steps: 2 } };
  const settings = resolveSettings(
    parseConfig({ ...config, data: { list: data.trainList, workers: 1 }, output: run }),
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
  expect([result.finished, result.steps, result.outcome]).toEqual([false, steps, undefined]);
  return result.folder;
}

describe('a probe', () => {
  it('says how well classes are read off, in a folder of its own, and tells what happens', async () => {
    const told: ProbeEvent[] = [];
    const onEvent = (event: ProbeEvent): void => {
      told.push(event);
    };
    const result = await probe(settings('straight'), backend, { ...options, onEvent });
    const { outcome, manifest } = result;
    if (outcome === undefined) throw new Error('it did not finish');
    expect(result.finished).toBe(true);
    const { top1, top5, trainTop1, chance } = outcome.scores;
    expect(chance).toBeCloseTo(1 / manifest.classes.length);
    expect(trainTop1).toBeGreaterThan(chance);
    expect([manifest.data.clips, manifest.test.clips]).toEqual([40, 8]);
    expect([top1.low <= top1.share, top1.share <= top5.share]).toEqual([true, true]);
    expect(outcome.confusion.reduce((sum, { clips }) => sum + clips, 0)).toBe(8);
    expect(outcome.choice).toBeUndefined();
    expect(await readProbeOutcome(result.folder)).toEqual(outcome);
    const kept = await readEvaluations(result.folder);
    expect(kept.map(({ step }) => step)).toEqual([4, 8, 9]);
    expect(kept.at(-1)?.scores).toMatchObject({ top1: top1.share, train_top1: trainTop1 });
    expect(told.filter(({ kind }) => kind === 'step')).toHaveLength(9);
    expect(told.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(3);
    expect(told).toContainEqual({ kind: 'features', done: 40, total: 40 });
  });

  it('learns the class that is named, where clips have several, and says so', async () => {
    const several = async (list: string): Promise<string> => {
      const lines = (await readFile(list, 'utf8')).trim().split('\n');
      const path = list.replace(/\.jsonl$/, '-several.jsonl');
      const made = lines.map((line, index) => {
        const { video } = JSON.parse(line) as { readonly video: string };
        return JSON.stringify({ video, labels: { verb: `v${index % 2}`, noun: `n${index % 3}` } });
      });
      await writeFile(path, made.join('\n'));
      return path;
    };
    const lists = {
      data: { path: await several(data.trainList) },
      test: { path: await several(data.testList) },
    };
    const named = (label?: string): ProbeSettings =>
      settings(`of-${label}`, { ...lists, head: 'knn', ...(label === undefined ? {} : { label }) });
    const { outcome, manifest } = await probe(named('noun'), backend, options);
    expect(manifest.classes).toEqual(['n0', 'n1', 'n2']);
    expect(outcome?.protocol).toContain('; classes: noun; ');
    await expect(probe(named(), backend, options)).rejects.toThrow(
      /40 of 40 clips have none; .*It has several: name one, --label noun or --label verb\./,
    );
    await expect(probe(named('adverb'), backend, options)).rejects.toThrow(
      /40 of 40 clips have no adverb/,
    );
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
      expect([again.outcome, again.steps]).toEqual([result.outcome, 9]);
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

  it('chooses of several candidates on a part of the clips to learn from, and is resumed in both stages', async () => {
    const several = { rates: [0.02, 0.5, 1e-7], decays: [0, 0.1], learningRate: 0.02 };
    const straight = await probe(settings('choice', several), backend, options);
    const { choice, protocol } = straight.outcome ?? {};
    expect(choice?.candidates.map(({ rate, decay }) => [rate, decay])).toEqual(
      several.decays.flatMap((decay) => several.rates.map((rate) => [rate, decay])),
    );
    const shares = choice?.candidates.map(({ top1 }) => top1) ?? [];
    expect(choice?.chosen).toBe(shares.indexOf(Math.max(...shares)));
    expect([choice?.highest, choice?.lowest]).toEqual([Math.max(...shares), Math.min(...shares)]);
    expect(protocol).toContain(`by top-1 on ${choice?.clips} of those to learn from`);
    // The one that was chosen learns as it would have alone.
    const { rate = 0, decay = 0 } = choice?.candidates[choice.chosen] ?? {};
    const one = { rates: [rate], decays: [decay], learningRate: rate };
    const alone = await probe(settings('alone', one), backend, options);
    expect(straight.outcome?.scores).toEqual(alone.outcome?.scores);
    for (const steps of [5, 14]) {
      const stop = new AbortController();
      const onEvent = (event: ProbeEvent): void => {
        if (event.kind === 'step' && event.step === steps) stop.abort();
      };
      const name = `choice-stopped-${steps}`;
      const broken = { ...options, signal: stop.signal, onEvent };
      const half = await probe(settings(name, several), backend, broken);
      expect([half.finished, half.outcome, half.steps]).toEqual([false, undefined, steps]);
      const whole = await resumeProbe(half.folder, backend, options);
      expect(whole.outcome).toEqual(straight.outcome);
      expect(await outcome(half.folder)).toEqual(await outcome(straight.folder));
    }
  });

  it('by the recipe of MAE reads batches in an order of its own, and keeps running statistics', async () => {
    const mae = { head: 'mae', batch: 16, epochs: 3, rates: [0.1], decays: [0] } as const;
    const result = await probe(settings('mae', mae), backend, options);
    expect(result.steps).toBe(3 * 2);
    expect(Object.keys(result.state).sort()).toEqual([
      'bias',
      'norm.running_mean',
      'norm.running_variance',
      'weight',
    ]);
    expect(result.outcome?.protocol).toContain('6 steps of 16 clips');
    const again = await probe(settings('mae-again', mae), backend, options);
    expect(again.outcome).toEqual(result.outcome);
  });

  it('by neighbours trains nothing, and does not let a clip that was learned from find itself', async () => {
    const knn = { head: 'knn', neighbours: [1, 3] } as const;
    const result = await probe(settings('knn', knn), backend, options);
    expect([result.steps, result.state]).toEqual([0, {}]);
    expect(result.outcome?.choice?.candidates.map(({ neighbours }) => neighbours)).toEqual([1, 3]);
    expect(result.outcome?.scores.trainTop1).toBeLessThan(1);
    const again = await resumeProbe(result.folder, backend, options);
    expect(again.outcome).toEqual(result.outcome);
    const many = settings('knn-many', { head: 'knn', neighbours: [40] });
    await expect(probe(many, backend, options)).rejects.toThrow(
      '--k: so many neighbours are not there; got 40, expected at most 39 of 40',
    );
  });

  it('that is attentive reads all tokens, from a cache that the next one finds them in', async () => {
    const attentive: Partial<ProbeSettings> = {
      head: 'attentive',
      batch: 16,
      epochs: 1,
      blocks: 2,
      rates: [0.001],
      decays: [0.01],
    };
    await expect(probe(settings('attentive', attentive), backend, options)).rejects.toThrow(
      '--no-cache: a head that reads all tokens needs a folder',
    );
    const cache = await EmbeddingCache.open(join(folder, 'cache'));
    const openCache = async (): Promise<EmbeddingCache> => cache;
    const result = await probe(settings('attentive', attentive), backend, {
      ...options,
      openCache,
    });
    expect(result.manifest.tokens).toBeGreaterThan(1);
    expect(Object.keys(result.state)).toContain('blocks.0.attn.q.weight');
    expect(cache.counts.written).toBe(48);
    await probe(settings('attentive-again', attentive), backend, { ...options, openCache });
    expect(cache.counts.written).toBe(48);
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
    await expect(begin(same)).rejects.toThrow('a probe needs at least two classes');
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
      /holds a pretraining run.*expected a probe. Continue it with: lacuna pretrain --resume/,
    );
    await expect(resumePretraining(path, backend, { version: 'test' })).rejects.toThrow(
      /holds a probe.*expected a pretraining run. Continue it with: lacuna probe --resume/,
    );
    await expect(
      loadModel(
        path,
        async () => backend,
        () => {},
      ),
    ).rejects.toThrow('holds a probe');
  });
});
