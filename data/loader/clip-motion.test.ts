import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
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
