import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constantFlow } from '../../backends/onnx/testing/flow-graph.js';
import { capable } from '../../core/testing/capability.js';
import { videoBackend } from '../../data/index.js';
import { writeTestVideo } from '../../data/testing/test-videos.js';
import {
  type ClipMaskRequest,
  type ClipSource,
  drawClipMask,
  type SimilaritySource,
} from '../../run/masked-clip/masked-clip.js';
import { MASK_KIND_NAMES, MASK_KINDS, type MaskKindName } from '../../spec/index.js';
import { checkPicturePath, writeMaskPicture } from './mask-picture.js';
import { videoClip } from './video-clip.js';

const backend = await videoBackend('node-av').catch(() => undefined);
const canEncode = capable('node-av', backend === undefined ? 'it is not installed' : undefined);

const similarity: SimilaritySource = async ({ grid }) =>
  Int16Array.from({ length: grid.slots * grid.rows * grid.columns }, (_, i) => i);

describe.skipIf(!canEncode)('the picture of a mask', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-mask-show-'));
    await writeTestVideo(join(folder, 'clip.mp4'), 20, 1);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const clipOf = (): ClipSource => videoClip(join(folder, 'clip.mp4'));
  const request = (kind: MaskKindName, changes: object = {}): ClipMaskRequest => ({
    mask: { kind, ratio: 0.5 },
    motion: { source: 'auto', camera: 'keep' },
    clip: { frames: 4, size: 64, tubelet: 2, patch: 16, stride: 2, ...changes },
    seed: 1,
    epoch: 0,
    id: 'clip.mp4',
  });

  it.each(MASK_KIND_NAMES)(
    'of %s shows masked patches grey and visible ones as they are',
    async (kind) => {
      const clip = await drawClipMask(request(kind), clipOf(), similarity);
      const path = join(folder, `${kind}.png`);
      await writeMaskPicture(path, clip, kind);
      const { width, height, data } = decode(await readFile(path));
      // Two slots, 64 pixels enlarged three times, 4 pixels between; a row more for a map.
      expect(width).toBe(2 * 192 + 4);
      expect(height).toBe(MASK_KINDS[kind].map === undefined ? 388 : 584);
      const masked = new Set(clip.mask.masked);
      for (let n = 0; n < 32; n++) {
        const [slot, row, column] = [n >> 4, (n >> 2) & 3, n & 3];
        const [x, y] = [16 * column + 8, 16 * row + 8];
        const from = ((2 * slot * 64 + y) * 64 + x) * 3;
        const at = ((196 + 3 * y) * width + 196 * slot + 3 * x) * 3;
        const value = clip.video[from] as number;
        const grey = Math.round(0.2 * value + 0.8 * 128);
        expect(data[at]).toBe(masked.has(n) ? grey : value);
      }
    },
  );

  it('is a film of even sides where the name ends in mp4', async () => {
    const clip = await drawClipMask(request('flow-warped'), clipOf());
    await writeMaskPicture(join(folder, 'film.mp4'), clip, 'flow-warped');
    const opened = await videoBackend('node-av');
    using reader = await opened.open(join(folder, 'film.mp4'));
    expect(reader.info).toMatchObject({ width: 584, height: 192, frameCount: 48, codec: 'h264' });
  });

  it('of flow-warped follows a model of optical flow where one is given', async () => {
    const raft = join(folder, 'raft.onnx');
    await writeFile(raft, constantFlow(16, 0, { open: true }));
    const own = { ...request('flow-warped'), motion: { source: 'raft', camera: 'keep', raft } };
    const clip = await drawClipMask(own as ClipMaskRequest, clipOf());
    expect(clip.motionSource).toBe('raft');
    // 16 pixels of the model's 128 are half a patch; a frame has 8 x 8 quarters.
    const vectors = [0, 1, 2, 3].map((t) => [...(clip.map ?? []).slice(128 * t, 128 * t + 2)]);
    expect(vectors).toEqual([128, 128, 0, 128].map((x) => [x, 0]));
    const absent = { ...own, motion: { ...own.motion, raft: join(folder, 'absent.onnx') } };
    await expect(drawClipMask(absent as ClipMaskRequest, clipOf())).rejects.toThrow(
      /absent.onnx: the model of optical flow cannot be read; got ENOENT/,
    );
  });

  it('is refused for a missing file, a clip that tokens do not fit, or a map from nowhere', async () => {
    const missing = videoClip(join(folder, 'absent.mp4'));
    await expect(drawClipMask(request('tube'), missing)).rejects.toThrow(
      /absent.mp4: there is no such file/,
    );
    await expect(drawClipMask(request('tube', { frames: 5 }), clipOf())).rejects.toThrow(
      /frames is no multiple of tubelet/,
    );
    await expect(drawClipMask(request('tube', { size: 60 }), clipOf())).rejects.toThrow(
      /size is no multiple of patch/,
    );
    await expect(drawClipMask(request('text-guided'), clipOf())).rejects.toThrow(/similarity map/);
    expect(() => checkPicturePath('mask.gif')).toThrow(/ends in .png or .mp4/);
  });
});
