import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { XLA } from '../../backends/xla/index.js';
import type { Backend } from '../../core/index.js';
import { capable } from '../../core/testing/capability.js';
import { makeDemoData } from '../../data/index.js';
import { readManifest, readMetrics, readProblems, readSamples } from '../../run/run-folder.js';
import type { RunSettings } from '../../run/settings/config.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { pretrain, resumePretraining } from '../../training/index.js';
import { lacuna } from '../testing/lacuna.js';

const probe = await XLA.probe();
const here = capable('xla', probe.available ? undefined : probe.reason);

const STEPS = 30;
const options = { version: 'test' };
let folder = '';
let onnx: Backend;
let trainList = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-hosts-'));
  ({ trainList } = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 1 }));
  // Nobody can read it: each process finds the same stand-in, and all hear of it.
  await writeFile(join(folder, 'data', 'clips', 'train-00003.mp4'), 'no video');
  onnx = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await onnx.dispose();
  await rm(folder, { recursive: true, force: true });
});

function settings(output: string): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: trainList, workers: 1 },
      output: join(folder, output),
      preset: 'tiny-mae',
      batch: 4,
      microbatches: 2,
      schedule: { steps: STEPS },
      checkpoints: { everySteps: 2, keep: 2 },
      ledger: true,
    }),
  );
}

/** A port of this machine that is free. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// In parts, and with a half of the state in each process: what asks most of them.
describe.skipIf(!here)('a run of two processes', () => {
  it('goes on from ONNX Runtime, ends with one that is killed, and goes on there, no sample lost or repeated', async () => {
    await pretrain(settings('straight'), onnx, options);
    const run = join(folder, 'run');
    const stop = new AbortController();
    await pretrain(settings('run'), onnx, {
      ...options,
      signal: stop.signal,
      onEvent: (event) => event.kind === 'step' && event.step === 3 && stop.abort(),
    });
    const coordinator = `127.0.0.1:${await freePort()}`;
    let second: ChildProcess | undefined;
    let killed = 0;
    const start = (own: number): ReturnType<typeof lacuna> =>
      lacuna(
        [
          ...['pretrain', '--resume', run, '--backend', 'xla', '--threads', '1', '--shard-state'],
          ...['--coordinator', coordinator, '--processes', '2', '--process', `${own}`],
        ],
        {
          started: (child) => {
            if (own === 1) second = child;
          },
          onProgress: (all) => {
            if (killed !== 0 || !all.includes('step-00000006')) return;
            killed = performance.now();
            second?.kill('SIGKILL');
          },
        },
      );
    const [first] = await Promise.all([start(0), start(1)]);
    const seconds = (performance.now() - killed) / 1000;
    expect(first.stderr).toMatch(
      /\nerror: the processes of this run end together; got process 1 of 2 is lost: .*--resume/,
    );
    expect(first.code).toBe(1);
    expect(seconds).toBeLessThan(20);
    await resumePretraining(run, onnx, options);

    const straight = join(folder, 'straight');
    expect(await readSamples(run)).toEqual(await readSamples(straight));
    expect(await readProblems(run)).toEqual(await readProblems(straight));
    const { continued = [] } = await readManifest(run);
    expect(continued.map(({ backend: { name, processes } }) => [name, processes])).toEqual([
      ['xla', 2],
      ['onnx', undefined],
    ]);
    expect(continued[0]?.step).toBe(3);
    expect(continued[0]?.backend.shardedState).toBe(true);
    // Other clips have other losses, by percents; last bits differ.
    const losses = async (path: string): Promise<readonly number[]> =>
      (await readMetrics(path)).map(({ metrics: { loss = Number.NaN } }) => loss);
    const expected = await losses(straight);
    const apart = (await losses(run)).map((loss, i) => Math.abs(loss / (expected[i] ?? 0) - 1));
    expect(apart).toHaveLength(STEPS);
    expect(Math.max(...apart)).toBeLessThan(1e-3);
  });
});
