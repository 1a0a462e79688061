import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend, HostTensor } from '../core/index.js';
import { type DemoData, makeDemoData } from '../data/index.js';
import { SafetensorsFile } from '../formats/safetensors/safetensors-file.js';
import { readManifest, readMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { parseConfig, withValue } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { biasCorrection, SCALER } from '../spec/index.js';
import { type PretrainEvent, pretrain, resumePretraining } from './tasks/pretrain.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-loss-scaling-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 8, testClips: 1 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const options = { version: 'test' };

function settings(output: string, changes: object): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mae',
      objective: 'mae',
      batch: 4,
      schedule: { steps: 8 },
      checkpoints: { everySteps: 2, keep: 9 },
      gradientNorm: true,
      ...changes,
    }),
  );
}

/** Gradients of a loss of this weight overflow with scales from about 2^110 on. */
const HEAVY = { mae: { weight: 1e6 } };
const HIGH = { kind: 'dynamic', initial: 2 ** 126, maximum: 2 ** 126 } as const;

async function lines(run: string): Promise<readonly unknown[]> {
  return (await readMetrics(join(folder, run))).map(({ step, metrics }) => [step, metrics]);
}

async function tensors(run: string, step: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const path = join(folder, run, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  const files = new Map<string, Uint8Array>();
  for (const name of await readdir(path)) files.set(name, await readFile(join(path, name)));
  return files;
}

/** A backend that notes what it is fed as AdamW's first bias correction. */
function watched(inner: Backend, seen: number[]): Backend {
  return new Proxy(inner, {
    get: (target, key) => {
      if (key !== 'compile') {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      const compile: Backend['compile'] = async (program, how) => {
        const executable = await target.compile(program, how);
        const run: typeof executable.run = async (inputs) => {
          const correction = inputs['schedule.correction1'];
          if (correction !== undefined) seen.push((await target.download(correction)).data[0] ?? 0);
          return executable.run(inputs);
        };
        return { ...executable, program, run, dispose: () => executable.dispose() };
      };
      return compile;
    },
  });
}

describe('a run with a scaled loss', () => {
  it('has the losses and the checkpoints of one without, and logs its scale', async () => {
    await pretrain(settings('plain', {}), backend, options);
    const scaled = settings('scaled', { lossScaling: { kind: 'dynamic', growthInterval: 3 } });
    await pretrain(scaled, backend, options);
    const scales = [1, 1, 1, 2, 2, 2, 4, 4].map((factor) => 65536 * factor);
    expect(await lines('scaled')).toEqual(
      (await readMetrics(join(folder, 'plain'))).map(({ step, metrics }, i) => [
        step,
        { ...metrics, loss_scale: scales[i], skipped: 0 },
      ]),
    );
    const [plain, own] = [await tensors('plain', 8), await tensors('scaled', 8)];
    for (const file of ['parameter.safetensors', 'optimizer.safetensors'])
      expect(own.get(file)).toEqual(plain.get(file));
    const saved = join(folder, 'scaled', 'checkpoints', 'step-00000008');
    const read = async (file: string, name: string): Promise<HostTensor['data']> => {
      const opened = await SafetensorsFile.open(join(saved, file));
      const { data: values } = await opened.read(name);
      await opened.close();
      return values;
    };
    expect(await read('scaler.safetensors', SCALER.scale)).toEqual(Float32Array.of(2 ** 18));
    expect(await read('counter.safetensors', SCALER.good)).toEqual(Float32Array.of(2));
    const { settings: recorded } = await readManifest(scaled.output);
    expect(recorded.lossScaling).toEqual({
      kind: 'dynamic',
      initial: 65536,
      growthInterval: 3,
      minimum: 1,
      maximum: 2 ** 24,
    });
  });

  it('that is resumed within a growth interval ends with the bits of one that ran straight', async () => {
    const lossScaling = { kind: 'dynamic', growthInterval: 3 };
    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === 5) stop.abort();
    };
    const stopped = settings('stopped', { lossScaling });
    await pretrain(stopped, backend, { ...options, signal: stop.signal, onEvent });
    await resumePretraining(stopped.output, backend, options);
    expect(await lines('stopped')).toEqual(await lines('scaled'));
    expect(await tensors('stopped', 8)).toEqual(await tensors('scaled', 8));
  });

  it('is not what a run of an old version becomes, whose manifest says nothing of it', async () => {
    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === 4) stop.abort();
    };
    const old = settings('old', {});
    await pretrain(old, backend, { ...options, signal: stop.signal, onEvent });
    const manifest = await readManifest(old.output);
    const { lossScaling: _, ...rest } = manifest.settings;
    const text = JSON.stringify({ ...manifest, settings: rest });
    await writeFile(join(old.output, 'manifest.json'), text);
    await resumePretraining(old.output, backend, options);
    expect(await lines('old')).toEqual(await lines('plain'));
  });

  it('skips what overflows, does not count it as an update, and goes on so when resumed', async () => {
    const steps = { schedule: { steps: 40, warmupSteps: 0 }, lossScaling: HIGH, ...HEAVY };
    const corrections: number[] = [];
    const straight = settings('skipping', steps);
    await pretrain(straight, watched(backend, corrections), options);
    const metrics = await readMetrics(straight.output);
    const first = metrics.findIndex((line) => line.metrics.skipped === 0);
    expect(first).toBeGreaterThan(3);
    expect(first).toBeLessThan(36);
    for (const { metrics: line } of metrics.slice(0, first)) {
      expect(line.skipped).toBe(1);
      expect(line.loss).toBeGreaterThan(0);
      expect(line.grad_norm).toBeUndefined();
    }
    expect(metrics[first]?.metrics.grad_norm).toBeGreaterThan(0);
    let updates = 1;
    for (const [step, { metrics: line }] of metrics.entries()) {
      expect(corrections[step]).toBe(biasCorrection(straight.optimizer.beta1, updates));
      if (line.skipped === 0) updates += 1;
    }

    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === first + 2) stop.abort();
    };
    const stopped = settings('skipping-stopped', steps);
    await pretrain(stopped, backend, { ...options, signal: stop.signal, onEvent });
    await resumePretraining(stopped.output, backend, options);
    expect(await lines('skipping-stopped')).toEqual(await lines('skipping'));
    expect(await tensors('skipping-stopped', 40)).toEqual(await tensors('skipping', 40));
  });

  it.each([
    ['fixed', { kind: 'fixed', scale: 2 ** 126 }, 0, /Lower lossScaling\.scale, or .*"dynamic"/],
    ['floor', { ...HIGH, minimum: 2 ** 126 }, 0, /lower the learning rate/],
    // Steps in which the scale still falls do not count.
    ['falling', { ...HIGH, minimum: 2 ** 123 }, 3, /lower the learning rate/],
  ])(
    'of which no step is taken ends, and says what to do: %s',
    async (name, scaling, falls, message) => {
      const run = settings(name, { schedule: { steps: 40 }, lossScaling: scaling, ...HEAVY });
      const failure = pretrain(run, backend, options);
      const last = 25 + falls;
      await expect(failure).rejects.toThrow(`step ${last}: 25 steps in a row were skipped`);
      await expect(failure).rejects.toThrow(
        `The checkpoint of step ${last - 1 - ((last - 1) % 2)} is kept`,
      );
      await expect(failure).rejects.toThrow(message);
      expect(await lines(name)).toHaveLength(last);
    },
  );

  it('leaves no tensor behind on the backend', () => {
    expect(backend.liveTensors).toBe(0);
  });
});

describe('the configuration of loss scaling', () => {
  const base = { data: { list: 'clips.jsonl' }, output: 'run' };
  const resolved = (changes: object): RunSettings =>
    resolveSettings(parseConfig({ ...base, preset: 'tiny-mae', ...changes }));

  it('is none unless one is asked for, and can be set by a flag', () => {
    expect(resolved({}).lossScaling).toEqual({ kind: 'none' });
    expect(resolved(withValue({}, 'lossScaling.kind', 'dynamic')).lossScaling).toMatchObject({
      kind: 'dynamic',
      initial: 65536,
    });
  });

  it.each([
    [{ kind: 'automatic' }, /lossScaling\.kind.*one of none, fixed, dynamic/],
    [{ kind: 'fixed' }, /lossScaling\.scale: this key is missing/],
    [{ kind: 'fixed', scale: 1000 }, /lossScaling\.scale: .*got 1000, expected a power of two/],
    [{ kind: 'dynamic', initial: 2 ** 30 }, /lossScaling\.initial: .*expected 1 to 16777216/],
    [{ kind: 'dynamic', growthInterval: 0 }, /lossScaling\.growthInterval: .*got 0/],
    [{ kind: 'dynamic', growthIntervall: 9 }, /Did you mean "lossScaling\.growthInterval"/],
    ['dynamic', /lossScaling: .*got "dynamic", expected an object/],
  ])('is refused with its key where it is wrong: %j', (lossScaling, message) => {
    expect(() => resolved({ lossScaling })).toThrow(message);
  });
});

describe('the default', () => {
  it('is dynamic in mixed precision, and none else', () => {
    const kind = (changes: object): string => settings('unused', changes).lossScaling.kind;
    expect(kind({})).toBe('none');
    const backend = { name: 'webgpu', precision: 'mixed' };
    expect(kind({ backend })).toBe('dynamic');
    expect(kind({ backend, lossScaling: { kind: 'none' } })).toBe('none');
  });
});
