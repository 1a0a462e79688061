import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constantFlow, flowGraph } from '../../backends/onnx/testing/flow-graph.js';
import { capable } from '../../core/testing/capability.js';
import { loadClipEncoder } from '../demo/encode-clip.js';
import type { MotionRequest } from '../motion/motion-request.js';
import type { ClipSampling } from '../sampling/clip-sampling.js';
import { writeTestVideo } from '../testing/test-videos.js';
import { loadLibrary } from '../video/node-av/library.js';
import { videoBackend } from '../video/video-backend.js';
import type { BatchSample } from './clip-batch.js';
import { ClipLoader } from './clip-loader.js';
import { ClipReader } from './clip-reader.js';

const library = await loadLibrary().catch(() => undefined);
const canEncode = capable('node-av', library === undefined ? 'it is not installed' : undefined);
const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);

const SAMPLING: ClipSampling = {
  frames: 4,
  size: 32,
  rule: { name: 'dense', stride: 2 },
  crop: 'multi-scale',
  flip: true,
};
const LENGTHS: MotionRequest = {
  map: 'motion',
  patch: 8,
  tubelet: 2,
  source: 'auto',
  camera: 'keep',
};

describe.skipIf(!canEncode)('the motion of loaded clips', () => {
  let root = '';
  const lengths = [20, 25, 30, 3, 1];
  const records = lengths.map((_, i) => ({ id: `${i}`, video: `${i}.mp4`, captions: [] }));
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'lacuna-clip-motion-'));
    for (const [i, frames] of lengths.entries()) {
      await writeTestVideo(join(root, `${i}.mp4`), frames, i);
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function samples(
    motion: MotionRequest,
    options: { workers?: number; backend?: 'ffmpeg' } = {},
  ): Promise<readonly BatchSample[]> {
    const sampling = { ...SAMPLING, motion };
    const loader = await ClipLoader.open({
      ...{ root, records, sampling, seed: 3, batchSize: 5, prefetchBatches: 1 },
      ...options,
    });
    try {
      const { samples: batch } = await loader.next();
      return [...batch].sort((a, b) => a.record.id.localeCompare(b.record.id));
    } finally {
      await loader.close();
    }
  }

  it('is there as asked for, whatever the number of workers', async () => {
    const one = await samples(LENGTHS);
    expect(one.map(({ motion }) => motion?.map.length)).toEqual([32, 32, 32, 32, 32]);
    expect(one.map(({ motion }) => motion?.source).slice(0, 3)).toEqual([
      'codec',
      'codec',
      'codec',
    ]);
    const two = await samples(LENGTHS, { workers: 2 });
    expect(two.map(({ motion }) => motion)).toEqual(one.map(({ motion }) => motion));
    const flows = await samples({ map: 'flow', patch: 8 });
    expect(flows.map(({ motion }) => motion?.map.length)).toEqual([0, 0, 0, 0, 0].map(() => 512));
    expect(flows.map(({ motion }) => motion?.source)).toEqual(flows.map(() => 'block-matching'));
  });

  it('is none in a video of one frame, and falls back to block matching there', async () => {
    const single = (await samples(LENGTHS))[4];
    expect(single?.motion?.source).toBe('block-matching');
    expect(single?.motion?.map.every((value) => value === 0)).toBe(true);
  });

  it('is a problem of a clip without vectors where the codec was insisted on', async () => {
    const sampling = { ...SAMPLING, motion: { ...LENGTHS, source: 'codec' as const } };
    const reader = await ClipReader.open({ root, records, sampling });
    const single = { id: '4', video: '4.mp4', captions: [] };
    await expect(reader.readClip(single)).rejects.toThrow(/no motion vectors to read/);
    await reader.close();
  });

  it('is the flow of a model where one is named, whatever the number of workers', async () => {
    const path = join(root, 'constant.onnx');
    writeFileSync(path, constantFlow(8, -16, { open: true }));
    const flow: MotionRequest = { map: 'flow', patch: 8, raft: { path } };
    const one = await samples(flow);
    expect(one.map(({ motion }) => motion?.source)).toEqual(one.map(() => 'raft'));
    // Frames of 32 pixels become 128: (2, -4) pixels of the clip, 32 units to a pixel.
    const [first] = one;
    expect([...(first?.motion?.map.slice(0, 4) ?? [])]).toEqual([64, -128, 64, -128]);
    const single = one[4]?.motion?.map;
    expect(single?.every((value) => value === 0)).toBe(true);
    const three = await samples(flow, { workers: 3 });
    expect(three.map(({ motion }) => motion)).toEqual(one.map(({ motion }) => motion));
  });

  it('passes over and notes a clip for which a model gives no finite flow', async () => {
    // The root of less than 0 for a picture of more than middle brightness.
    const bytes = flowGraph((graph) => {
      const mean = graph.node('ReduceMean', ['image1'], { keepdims: 1 });
      const root = graph.node('Sqrt', [graph.node('Neg', [mean])]);
      const shape = [1, 2, 128, 128];
      return [{ value: graph.node('Expand', [root, graph.integers(shape)]), shape }];
    });
    const path = join(root, 'root.onnx');
    writeFileSync(path, bytes);
    const encode = await loadClipEncoder();
    const bright = Array.from({ length: 20 }, (_, t) =>
      Uint8Array.from({ length: 64 * 64 * 1.5 }, (_, i) =>
        i < 64 * 64 ? 180 + ((i + t) % 8) * 9 : 128,
      ),
    );
    encode(join(root, 'bright.mp4'), bright);
    const list = [...records.slice(0, 3), { id: 'bright', video: 'bright.mp4', captions: [] }];
    const motion = { map: 'flow', patch: 8, raft: { path } } as const;
    const loader = await ClipLoader.open({
      ...{ root, records: list, sampling: { ...SAMPLING, motion }, seed: 3, batchSize: 4 },
      prefetchBatches: 1,
    });
    const batch = await loader.next();
    expect(batch.skipped.map(({ id }) => id)).toContain('bright');
    expect(batch.skipped.find(({ id }) => id === 'bright')?.reason).toMatch(
      /^bright\.mp4: the model of optical flow gives a value that is not finite; got NaN from frame/,
    );
    expect(batch.samples.map(({ record }) => record.id).sort()).toEqual(
      expect.arrayContaining(['0', '1', '2']),
    );
    expect(batch.samples.map(({ record }) => record.id)).not.toContain('bright');
    expect(loader.statistics().problems.size).toBe(1);
    await loader.close();
  });

  it('is refused before the first clip where the model is missing or wrong', async () => {
    const open = async (path: string): Promise<unknown> =>
      samples({ map: 'flow', patch: 8, raft: { path } });
    await expect(open(join(root, 'absent.onnx'))).rejects.toThrow(/absent\.onnx: .* got ENOENT/);
    const narrow = join(root, 'narrow.onnx');
    const shape = [1, 1, 128, 128];
    writeFileSync(
      narrow,
      flowGraph(() => [{ value: 'image1', shape }], { inputs: [shape, shape] }),
    );
    await expect(open(narrow)).rejects.toThrow(/narrow\.onnx: the inputs .* are not two frames/);
  });

  it.skipIf(!hasFfmpeg)(
    'by block matching is the same with ffmpeg, which has no vectors',
    async () => {
      const blocks = { ...LENGTHS, source: 'block-matching' as const };
      const [own, other] = [await samples(blocks), await samples(blocks, { backend: 'ffmpeg' })];
      expect(other.map(({ motion }) => motion)).toEqual(own.map(({ motion }) => motion));
      const fallen = await samples(LENGTHS, { backend: 'ffmpeg' });
      expect(fallen.map(({ motion }) => motion)).toEqual(own.map(({ motion }) => motion));
    },
  );
});
