import { join } from 'node:path';
import type { HostTensor } from '../../core/backend.js';
import { sha256 } from '../../core/sha256.js';
import { replaceFile } from '../../formats/whole-file.js';
import { CheckpointReader, lastGoodCheckpoint, writeCheckpoint } from '../../run/checkpoint.js';
import type { RunManifest } from '../../run/manifest.js';
import { RunFolder, readMetrics } from '../../run/run-folder.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { testManifest } from '../../run/testing/manifest.js';
import type { StateSpec } from '../../spec/index.js';

/** A run as the loop writes it, whose state after a step is a function of the step: it computes nothing. */
const STATE: readonly StateSpec[] = (['parameter', 'optimizer'] as const).map((role) => ({
  name: role,
  shape: [32],
  role,
  init: { kind: 'constant', value: 0 },
  decay: false,
}));
const KEEP = 2;

const TOKENIZER = '{}\n';
const MANIFEST: RunManifest = {
  ...testManifest(
    resolveSettings(
      parseConfig({ preset: 'tiny-mae', data: { list: 'clips.jsonl' }, output: 'run' }),
    ),
  ),
  tokenizer: sha256(TOKENIZER),
};

function tensor(name: string, step: number): HostTensor {
  const first = name === 'parameter' ? 0.1 : 0.7;
  return {
    dtype: 'f32',
    shape: [32],
    data: Float32Array.from({ length: 32 }, (_, i) => first + step * (i + 1)),
  };
}

/** Begins the run in a folder, or goes on, for some steps; `onSaved` is told of each checkpoint once it stands. */
export async function writeRun(
  path: string,
  steps: number,
  onSaved: (step: number) => void,
): Promise<void> {
  const exists = await RunFolder.resume(path, 'pretrain').catch(() => undefined);
  const folder =
    exists ??
    (await RunFolder.create(path, MANIFEST, async ({ tokenizer }) => {
      await replaceFile(tokenizer, TOKENIZER);
      return {};
    }));
  try {
    const done = (await lastGoodCheckpoint(folder.checkpoints))?.step ?? 0;
    await folder.rewind(done);
    for (let step = done + 1; step <= done + steps; step++) {
      await folder.appendMetrics(metrics(step));
      if (step % 3 === 0) await folder.appendProblem({ id: `clip ${step}`, reason: 'none' });
      if (step % 2 !== 0) continue;
      await folder.sync();
      const read = async (name: string): Promise<HostTensor> => tensor(name, step);
      await writeCheckpoint(folder.checkpoints, step, STATE, read, KEEP);
      onSaved(step);
      // One takes the place of another of the same step, which is whole.
      if (step % 4 === 0) await writeCheckpoint(folder.checkpoints, step, STATE, read, KEEP);
    }
  } finally {
    await folder.release();
  }
}

function metrics(step: number): Parameters<RunFolder['appendMetrics']>[0] {
  return {
    step,
    epoch: 0,
    metrics: { loss: 1 / step },
    learningRate: 0.1,
    stepSeconds: 0,
    waitSeconds: 0,
  };
}

/** What is wrong with the run in a folder of which the checkpoint of step `saved` once stood; '' if nothing. */
export async function faultOf(path: string, saved: number): Promise<string> {
  const checkpoint = await lastGoodCheckpoint(join(path, 'checkpoints'));
  const step = checkpoint?.step ?? 0;
  if (step < saved) return `the checkpoint of step ${saved} is lost: step ${step} is the newest`;
  if (checkpoint === undefined) return '';
  const reader = await CheckpointReader.open(checkpoint);
  try {
    for (const { name, shape } of STATE) {
      const { data } = await reader.read({ name, shape });
      if (String(data) !== String(tensor(name, step).data))
        return `${name} of step ${step} differs`;
    }
  } finally {
    await reader.close();
  }
  const lines = (await readMetrics(path)).filter((line) => line.step <= step);
  const whole = lines.every((line, i) => JSON.stringify(line) === JSON.stringify(metrics(i + 1)));
  return whole && lines.length === step ? '' : `the metrics up to step ${step} are not whole`;
}
