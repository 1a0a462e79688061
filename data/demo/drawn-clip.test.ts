import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { readClipList } from '../annotations/read-clip-list.js';
import { ClipLoader } from '../loader/clip-loader.js';
import { videoBackend } from '../video/video-backend.js';
import { plannedClip } from './demo-version.js';
import { drawDemoData } from './draw-demo-data.js';
import { drawnClipText, openDrawnClip } from './drawn-clip.js';
import { loadClipFiles } from './encode-clip.js';
import { FRAME_COUNT, FRAME_SIDE } from './frame.js';
import { makeDemoData } from './make-demo-data.js';

const av = await import('node-av').catch(() => undefined);
const missing = av === undefined ? 'it is not installed' : undefined;
const OPTIONS = { trainClips: 6, testClips: 3 };
const WHOLE = {
  crop: { x: 0, y: 0, width: FRAME_SIDE, height: FRAME_SIDE },
  size: { width: FRAME_SIDE, height: FRAME_SIDE },
  flip: false,
};

describe('a drawn clip', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lacuna-drawn-'));
    await drawDemoData(join(folder, 'drawn'), OPTIONS);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const open = (text: string): ReturnType<typeof openDrawnClip> => {
    const file = join(folder, 'a.mp4');
    writeFileSync(file, text);
    return openDrawnClip(file);
  };

  it.skipIf(!capable('node-av', missing))(
    'has to the bit the pixels that a decoder gives of its frames, encoded without loss',
    async () => {
      const file = join(folder, 'lossless.mp4');
      const create = await loadClipFiles();
      const decoder = await videoBackend('node-av');
      for (const version of [1, 2] as const) {
        const address = { seed: 3, split: 'train', index: 11 } as const;
        const encoded = create(file, undefined, 0);
        for (const frame of plannedClip(version, address)?.render().frames ?? [])
          encoded.add(frame);
        encoded.finish();
        encoded.close();
        using decoded = await decoder.open(file);
        using drawn = await open(drawnClipText(version, address));
        const indices = [5, 0, 23, 40, 11];
        for (const request of [
          { ...WHOLE, indices },
          { ...WHOLE, indices, flip: true },
        ]) {
          const [own, theirs] = [await drawn?.read(request), await decoded.read(request)];
          expect(own?.indices).toEqual(theirs.indices);
          expect(Buffer.compare(own?.data ?? Buffer.alloc(0), theirs.data)).toBe(0);
        }
        expect([drawn?.info.frameCount, decoded.info.frameCount]).toEqual([24, FRAME_COUNT]);
        expect(drawn?.frameTimes).toEqual(decoded.frameTimes);
      }
    },
  );

  it.skipIf(!capable('node-av', missing))(
    'is in lists that are those of the demo data, byte for byte, and draws the same samples',
    async () => {
      const { trainList, testList } = await makeDemoData(join(folder, 'videos'), OPTIONS);
      const batches: unknown[][] = [];
      for (const name of ['videos', 'drawn']) {
        const root = join(folder, name);
        const { records } = await readClipList(join(root, 'train.jsonl'), () => {});
        await using loader = await ClipLoader.open({
          ...{ root, records, seed: 1, batchSize: 2, workers: 0 },
          sampling: {
            ...{ frames: 4, size: 64, crop: 'centre', flip: true },
            rule: { name: 'dense', stride: 3 },
          },
        });
        const samples: unknown[] = [];
        for (let step = 0; step < 7; step++) samples.push((await loader.next()).samples);
        batches.push(samples);
      }
      expect(batches[1]).toEqual(batches[0]);
      for (const [own, theirs] of [
        ['train.jsonl', trainList],
        ['test.jsonl', testList],
      ] as const) {
        expect(readFileSync(join(folder, 'drawn', own))).toEqual(readFileSync(theirs));
      }
    },
  );

  it('is read whole, in its own size, and says so', async () => {
    using drawn = await open(drawnClipText(1, { seed: 0, split: 'test', index: 0 }));
    const small = { width: 32, height: 32 };
    const scaled = { ...WHOLE, indices: [0], size: small };
    await expect(drawn?.read(scaled)).rejects.toThrow(/own size.*64 x 64 as 32 x 32/);
    const cropped = { ...scaled, crop: { x: 3, y: 10, ...small } };
    await expect(drawn?.read(cropped)).rejects.toThrow(/own size.*32 x 32 as 32 x 32/);
  });

  it('is refused where the generator has no such clip, and no other file is taken for one', async () => {
    const hostile: readonly (readonly [string, RegExp])[] = [
      ['{"drawn":"lacuna-demo","version":1,"seed":0,"split":"test","index":64}', /no such clip/],
      ['{"drawn":"lacuna-demo","version":9,"seed":0,"split":"test","index":1}', /no drawn clip/],
      ['{"drawn":"lacuna-demo","version":1,"seed":0,"split":"train","index":1e9}', /no drawn clip/],
      ['{"drawn":"lacuna-demo","version":1,"seed":-1,"split":"train","index":1}', /no drawn clip/],
      ['{"drawn":', /no drawn clip/],
    ];
    for (const [text, message] of hostile) await expect(open(text)).rejects.toThrow(message);
    expect(await open('a list')).toBeUndefined();
    expect(await open('')).toBeUndefined();
    expect(await openDrawnClip(join(folder, 'nothing.mp4'))).toBeUndefined();
  });
});

it('is all that the backend of drawn clips reads', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'lacuna-drawn-')), 'a.mp4');
  writeFileSync(file, 'no video');
  const backend = await videoBackend('drawn');
  await expect(backend.open(file)).rejects.toThrow(
    /no video is decoded here, and drawn clips alone are read/,
  );
  rmSync(join(file, '..'), { recursive: true });
});
