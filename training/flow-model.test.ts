import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import { constantFlow } from '../backends/onnx/testing/flow-graph.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList } from '../data/index.js';
import { evaluate, reconstruction } from '../evaluation/index.js';
import { readManifest, readMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { type PretrainEvent, pretrain, resumePretraining } from './tasks/pretrain.js';

let folder = '';
let data: DemoData;
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-flow-run-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 8 });
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

const options = { version: 'test' };

function settings(output: string, raft: string): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mae',
      objective: 'mae',
      batch: 4,
      schedule: { steps: 4 },
      checkpoints: { everySteps: 2, keep: 2 },
      mask: { kind: 'flow-warped', motion: { raft } },
    }),
  );
}

async function flowFile(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

describe('a run whose flow is measured by a model', () => {
  it('records the file, says so in its metrics, and goes on only with the same', async () => {
    const bytes = constantFlow(8, 0, { open: true });
    const raft = await flowFile('raft.onnx', bytes);
    const run = settings('run', raft);
    const stop = new AbortController();
    const onEvent = (event: PretrainEvent): void => {
      if (event.kind === 'step' && event.step === 2) stop.abort();
    };
    await pretrain(run, backend, { ...options, signal: stop.signal, onEvent });
    const raftDigest = createHash('sha256').update(bytes).digest('hex');
    const { settings: recorded } = await readManifest(run.output);
    expect(recorded.mask.motion).toEqual({ source: 'raft', camera: 'keep', raft, raftDigest });

    await writeFile(raft, constantFlow(0, 8, { open: true }));
    const before = await readFile(join(run.output, 'metrics.jsonl'), 'utf8');
    await expect(resumePretraining(run.output, backend, options)).rejects.toThrow(
      /raft\.onnx: the model of optical flow has changed since this run began/,
    );
    const { records } = await readClipList(data.testList, () => {});
    const model = { settings: recorded, backend, state: {}, tokenizer: undefined };
    await expect(evaluate(reconstruction, model, records, data.folder)).rejects.toThrow(
      /has changed since/,
    );
    expect(await readFile(join(run.output, 'metrics.jsonl'), 'utf8')).toBe(before);

    await writeFile(raft, bytes);
    const { state, finished } = await resumePretraining(run.output, backend, options);
    expect(finished).toBe(true);
    const metrics = await readMetrics(run.output);
    expect(metrics.map(({ motion }) => motion)).toEqual(
      [1, 2, 3, 4].map(() => ({ codec: 0, blockMatching: 0, raft: 4 })),
    );
    const shown = await evaluate(reconstruction, { ...model, state }, records, data.folder);
    expect(shown.length).toBe(records.length);
  });

  it('is refused before a folder is made where the model is missing or wrong', async () => {
    const absent = settings('absent', join(folder, 'absent.onnx'));
    await expect(pretrain(absent, backend, options)).rejects.toThrow(/cannot be read; got ENOENT/);
    const broken = settings('broken', await flowFile('broken.onnx', Buffer.from('no model')));
    await expect(pretrain(broken, backend, options)).rejects.toThrow(/does not take this file/);
    expect([absent, broken].map(({ output }) => existsSync(output))).toEqual([false, false]);
  });
});
