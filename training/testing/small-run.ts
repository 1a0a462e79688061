import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from '../../core/index.js';
import type { DemoData } from '../../data/index.js';
import { readMetrics } from '../../run/run-folder.js';
import type { RunSettings } from '../../run/settings/config.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { type PretrainEvent, pretrain } from '../tasks/pretrain.js';

/** Eight steps of a tiny model over demo data, with a checkpoint after every second. */
export function smallRun(data: DemoData, output: string, changes: object = {}): RunSettings {
  return resolveSettings(
    parseConfig({
      data: { list: data.trainList, workers: 1 },
      output,
      preset: 'tiny-mae',
      batch: 4,
      schedule: { steps: 8 },
      checkpoints: { everySteps: 2, keep: 2 },
      ...changes,
    }),
  );
}

/** Runs until `steps` are done, as if stopped by a signal. */
export async function stopAfter(
  steps: number,
  config: RunSettings,
  backend: Backend,
): Promise<void> {
  const stop = new AbortController();
  const onEvent = (event: PretrainEvent): void => {
    if (event.kind === 'step' && event.step === steps) stop.abort();
  };
  await pretrain(config, backend, { version: 'test', signal: stop.signal, onEvent });
}

/** What a run came to: its metrics, and the digests of its last checkpoint. */
export async function outcome(run: string): Promise<unknown> {
  const metrics = await readMetrics(run);
  const last = (await readdir(join(run, 'checkpoints'))).sort().at(-1) ?? '';
  const files = (await readdir(join(run, 'checkpoints', last))).sort();
  const digests = files.map(async (file) =>
    createHash('sha256')
      .update(await readFile(join(run, 'checkpoints', last, file)))
      .digest('hex'),
  );
  return {
    last,
    losses: metrics.map(({ step, metrics: values }) => [step, values]),
    digests: await Promise.all(digests),
  };
}
