import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { type DemoData, makeDemoData, readClipList } from '../data/index.js';
import { evaluate, reconstruction } from '../evaluation/index.js';
import { readMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { pretrain } from './tasks/pretrain.js';

function settings(mask: object, list = 'list.jsonl', output = 'run'): RunSettings {
  const config = { data: { list }, output, preset: 'tiny-mae', objective: 'mae', batch: 4 };
  return resolveSettings(parseConfig({ ...config, schedule: { steps: 3 }, mask }));
}

describe('settings of masks that motion guides', () => {
  it('record how motion is measured', () => {
    expect(settings({ kind: 'motion-guided' }).mask).toEqual({
      kind: 'motion-guided',
      ratio: 0.75,
      rounding: 'floor-masked',
      ties: 'random',
      motion: { source: 'auto', camera: 'keep' },
    });
    const own = { kind: 'motion-guided', motion: { source: 'codec', camera: 'compensate' } };
    expect(settings(own).mask.motion).toEqual(own.motion);
    expect(settings({ kind: 'flow-warped' }).mask.motion).toEqual({
      source: 'block-matching',
      camera: 'keep',
    });
    const raft = { source: 'raft', raft: 'raft.onnx' };
    for (const motion of [raft, { raft: 'raft.onnx' }]) {
      const { mask } = settings({ kind: 'flow-warped', motion });
      expect(mask.motion).toEqual({ ...raft, camera: 'keep' });
    }
    expect(settings({ kind: 'tube' }).mask.motion).toBeUndefined();
  });

  it.each([
    [{ kind: 'tube', motion: { source: 'auto' } }, /mask.motion: the mask tube does not look/],
    [{ kind: 'flow-warped', motion: { source: 'codec' } }, /by block matching or a model only/],
    [{ kind: 'flow-warped', motion: { source: 'raft' } }, /and mask.motion.raft names none/],
    [
      { kind: 'flow-warped', motion: { source: 'block-matching', raft: 'raft.onnx' } },
      /mask.motion.source: mask.motion.raft names a model that would not be used/,
    ],
    [
      { kind: 'flow-warped', motion: { raft: 'raft.onnx', camera: 'compensate' } },
      /motion of the camera too/,
    ],
    [{ kind: 'flow-warped', motion: { raft: '' } }, /expected a text that is not empty/],
    [{ kind: 'flow-warped', motion: { raftDigest: '00' } }, /mask.motion.raftDigest: there is no/],
    [{ kind: 'motion-guided', motion: { source: 'raft' } }, /only the mask flow-warped takes/],
    [
      { kind: 'motion-guided', motion: { raft: 'raft.onnx' } },
      /mask.motion.raft: the mask motion-guided takes no model of optical flow/,
    ],
    [{ kind: 'tube', motion: { raft: 'raft.onnx' } }, /mask.motion.raft: the mask tube takes no/],
    [{ kind: 'flow-warped', motion: { camera: 'compensate' } }, /motion of the camera too/],
    [{ kind: 'tube', ties: 'random' }, /mask.ties: the mask tube compares no values/],
    [
      { kind: 'motion-guided', motion: { source: 'x' } },
      /one of auto, codec, block-matching, raft/,
    ],
  ])('refuse %o', (mask, sentence) => {
    expect(() => settings(mask)).toThrow(sentence);
  });
});

describe('a run with a mask that motion guides', () => {
  let folder = '';
  let data: DemoData;
  let backend: Backend;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-motion-masks-'));
    data = await makeDemoData(join(folder, 'data'), { trainClips: 12, testClips: 8 });
    backend = await ONNX.open({ threads: 1 });
  });
  afterAll(async () => {
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['motion-guided', 'flow-warped'])(
    '%s trains, says where motion is from, and reconstructs',
    async (kind) => {
      const run = settings({ kind }, data.trainList, join(folder, kind));
      const { state, finished } = await pretrain(run, backend, { version: 'test' });
      expect(finished).toBe(true);
      const byCodec = kind === 'motion-guided';
      for (const { motion } of await readMetrics(run.output)) {
        expect(motion).toEqual({ codec: byCodec ? 4 : 0, blockMatching: byCodec ? 0 : 4 });
      }
      const manifest = JSON.parse(await readFile(join(run.output, 'manifest.json'), 'utf8'));
      expect(manifest.settings.mask).toEqual(run.mask);
      const { records } = await readClipList(data.testList, () => {});
      const model = { settings: run, backend, state, tokenizer: undefined };
      const shown = await evaluate(reconstruction, model, records, data.folder);
      expect(shown.length).toBe(records.length);
      expect(new Set(shown.map(({ mask }) => mask.masked.join())).size).toBeGreaterThan(1);
    },
  );
});
