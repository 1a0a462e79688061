import {
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
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { sha256 } from '../core/sha256.js';
import { refusalOf } from '../core/testing/refusal.js';
import type { StateSpec } from '../spec/index.js';
import { CheckpointReader, lastGoodCheckpoint, writeCheckpoint } from './checkpoint.js';

const WEIGHT: StateSpec = {
  name: 'weight',
  shape: [2, 3],
  role: 'parameter',
  init: { kind: 'constant', value: 0 },
  decay: true,
};
const read = async (): Promise<HostTensor> => ({
  dtype: 'f32',
  shape: WEIGHT.shape,
  data: Float32Array.of(1, 2, 3, 4, 5, 6),
});

const folders: string[] = [];
let folder = '';
let newest = '';
/** Two checkpoints, of which the newer is to be damaged. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-checkpoint-'));
  folders.push(folder);
  await writeCheckpoint(folder, 1, [WEIGHT], read, 2);
  newest = await writeCheckpoint(folder, 2, [WEIGHT], read, 2);
});
afterAll(async () => {
  for (const each of folders) await rm(each, { recursive: true });
});

/** What can become of a checkpoint, and what is said of it. */
const DAMAGE: readonly (readonly [problem: string, damage: () => Promise<void>])[] = [
  [
    'index.json: this file is too large',
    () => writeFile(join(newest, 'index.json'), ' '.repeat(70_000)),
  ],
  ['its index is malformed', () => writeFile(join(newest, 'index.json'), '{"format": 2}')],
  [
    'parameter.safetensors has 40 of 128 bytes',
    () => truncate(join(newest, 'parameter.safetensors'), 40),
  ],
  [
    'parameter.safetensors has changed',
    async () => {
      const file = join(newest, 'parameter.safetensors');
      const bytes = await readFile(file);
      bytes[bytes.length - 1] = 1;
      await writeFile(file, bytes);
    },
  ],
];

describe('a checkpoint', () => {
  it('has what was written', async () => {
    const checkpoint = await lastGoodCheckpoint(folder);
    const digest = sha256(await readFile(join(newest, 'index.json')));
    const files = ['parameter.safetensors'];
    expect(checkpoint).toEqual({ path: newest, step: 2, files, digest });
    if (checkpoint === undefined) return;
    const reader = await CheckpointReader.open(checkpoint);
    expect(await reader.readAll([WEIGHT])).toEqual({ weight: await read() });
    await reader.close();
  });

  it.each(DAMAGE)('is passed over where %s', async (problem, damage) => {
    await damage();
    const sentences: string[] = [];
    const found = await lastGoodCheckpoint(folder, (sentence) => sentences.push(sentence));
    expect(found?.step).toBe(1);
    expect(sentences).toEqual([
      `Checkpoint ${newest} is damaged (${problem}); the one before it is used.`,
    ]);
  });

  it.each([1, 2])(
    'is not removed for damaged ones that are newer, of which %i stay',
    async (keep) => {
      for (const step of [7, 9]) {
        const damaged = await writeCheckpoint(folder, step, [WEIGHT], read, 4);
        await truncate(join(damaged, 'parameter.safetensors'), 40);
      }
      await writeCheckpoint(folder, 3, [WEIGHT], read, keep);
      const names = ['step-00000002', 'step-00000003'].slice(-keep);
      expect((await readdir(folder)).sort()).toEqual(names);
      expect((await lastGoodCheckpoint(folder))?.step).toBe(3);
    },
  );

  it('that is damaged does not count among those that are kept', async () => {
    await truncate(join(newest, 'parameter.safetensors'), 40);
    // Another process wrote it: what this one wrote, it takes for whole.
    await writeFile(join(newest, 'index.json'), '{}');
    await writeCheckpoint(folder, 3, [WEIGHT], read, 2);
    expect((await readdir(folder)).sort()).toEqual(['step-00000001', 'step-00000003']);
  });

  it('of a step that is written again stands until the new one does, and is used if that never does', async () => {
    const failing = async (): Promise<HostTensor> => {
      throw new Error('the disk is full');
    };
    await expect(writeCheckpoint(folder, 2, [WEIGHT], failing, 2)).rejects.toThrow('full');
    expect((await readdir(folder)).sort()).toEqual(['step-00000001', 'step-00000002']);
    // Killed between two renames.
    await rename(newest, join(folder, '.former-step-00000002'));
    expect((await lastGoodCheckpoint(folder))?.step).toBe(2);
    await writeCheckpoint(folder, 2, [WEIGHT], read, 2);
    expect((await readdir(folder)).sort()).toEqual(['step-00000001', 'step-00000002']);
  });

  it('leaves nothing of what a kill left half-written', async () => {
    await mkdir(join(folder, '.partial-step-00000009'));
    await writeCheckpoint(folder, 3, [WEIGHT], read, 3);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    [{ ...WEIGHT, name: 'bias' }, 'bias', 'no such tensor', '[2,3]'],
    [{ ...WEIGHT, shape: [6] }, 'weight', '[2,3]', '[6]'],
  ])('of another model is refused: %j', async (spec, name, got, expected) => {
    const files = ['parameter.safetensors'];
    const reader = await CheckpointReader.open({ path: newest, files });
    expect(await refusalOf(reader.readAll([spec]))).toBe(
      `${name}: the checkpoint is of another model; got ${got}, expected ${expected}.`,
    );
    await reader.close();
  });
});
