import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SimilarityStore } from '../../data/index.js';
import type { SimilaritySource } from '../../run/masked-clip/masked-clip.js';
import { similaritySource } from './similarity-source.js';

const folder = await mkdtemp(join(tmpdir(), 'lacuna-similarity-source-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A clip of two frames of 4 x 4 pixels, in 2 x 2 tokens. */
const clip: Parameters<SimilaritySource>[0] = {
  video: new Uint8Array(2 * 4 * 4 * 3),
  frames: 2,
  size: 4,
  tubelet: 2,
  patch: 2,
  grid: { slots: 1, rows: 2, columns: 2 },
  frameIndices: [0, 1],
  crop: { x: 0, y: 0, width: 4, height: 4 },
  flip: false,
};

describe('the map of a text-guided mask', () => {
  it.each([
    [{ caption: 'a cat' }, /needs a caption, and either stored maps or a teacher; got --caption/],
    [{ maps: 'maps' }, /got --maps/],
    [{ caption: 'a cat', maps: 'a', teacher: 'b' }, /got --caption and --maps and --teacher/],
  ])('is not made of %o', (flags, sentence) => {
    expect(() => similaritySource('a.mp4', 'a.mp4', flags)).toThrow(sentence);
  });

  it('is not asked for where nothing is said of it', () => {
    expect(similaritySource('a.mp4', 'a.mp4', {})).toBeUndefined();
  });

  it('is the stored one of the caption, or a sentence', async () => {
    const maps = join(folder, 'maps');
    const teacher = { name: 'a teacher', digest: '0'.repeat(64) };
    const store = await SimilarityStore.create(maps, {
      teacher,
      form: 'dense',
      stride: 4,
      cells: 2,
    });
    await store.write({
      video: 'clips/a.mp4',
      bytes: 1,
      width: 4,
      height: 4,
      frameCount: 2,
      stride: 4,
      rows: 2,
      columns: 2,
      captions: ['a dog', 'a cat'],
      maps: Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    });
    const found = similaritySource('x/a.mp4', 'clips/a.mp4', { caption: 'a cat', maps });
    expect([...((await found?.(clip)) ?? [])]).toEqual([5, 6, 7, 8]);
    const missing = similaritySource('x/a.mp4', 'a.mp4', { caption: 'a cat', maps });
    await expect(missing?.(clip)).rejects.toThrow(/none of this video; got a\.mp4\. Give --id/);
    const other = similaritySource('x/a.mp4', 'clips/a.mp4', { caption: 'a bird', maps });
    await expect(other?.(clip)).rejects.toThrow(/no similarity map of this caption/);
  });

  it('is not to be had of a folder that is no teacher', async () => {
    const flags = { caption: 'a cat', teacher: folder };
    const source = similaritySource('a.mp4', 'a.mp4', flags);
    await expect(source?.(clip)).rejects.toThrow(/this folder holds no teacher/);
  });
});
