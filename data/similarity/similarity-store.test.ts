import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SimilarityEntry } from './similarity-entry.js';
import { type SimilarityRecipe, SimilarityStore } from './similarity-store.js';

const RECIPE: SimilarityRecipe = {
  teacher: { name: 'clip', digest: 'a'.repeat(64) },
  form: 'dense',
  stride: 4,
  cells: 2,
};
const CAPTIONS = ['a red circle', 'ein roter Kreis ⬤'];

/** 9 frames at stride 4 are 3 maps; 2 captions of 2 x 3 cells. */
function entry(video: string, first = -32_768): Omit<SimilarityEntry, 'recipe'> {
  const maps = Int16Array.from({ length: 2 * 3 * 6 }, (_, i) => first + 1821 * i);
  const frame = { width: 64, height: 48, frameCount: 9, stride: 4, rows: 2, columns: 3 };
  return { video, bytes: 1234, ...frame, captions: CAPTIONS, maps };
}

let folder = '';
let store: SimilarityStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-maps-'));
  store = await SimilarityStore.create(join(folder, 'maps'), RECIPE);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('SimilarityStore', () => {
  it('gives back what was written, also to a store that was opened before', async () => {
    const reader = await SimilarityStore.open(store.folder);
    for (const video of ['a.mp4', '../out/../of.mp4', 'b/c.mp4']) {
      expect(await reader.look(video)).toEqual({ kind: 'missing' });
      expect(await reader.read(video)).toBeUndefined();
      await store.write(entry(video));
      expect(await reader.read(video)).toEqual({ ...entry(video), recipe: store.digest });
      expect(await reader.look(video)).toMatchObject({ kind: 'found', header: { bytes: 1234 } });
    }
    expect(await readdir(folder)).toEqual(['maps']);
    await store.write(entry('a.mp4', 5));
    expect((await reader.read('a.mp4'))?.maps[0]).toBe(5);
    expect(reader.recipe).toEqual(RECIPE);
  });

  it('finds every cut and every flipped bit of an entry, and says what to do', async () => {
    await store.write(entry('a.mp4'));
    await store.write(entry('b.mp4'));
    const path = store.path('a.mp4');
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 7) {
      await writeFile(path, whole.subarray(0, length));
      expect((await store.look('a.mp4')).kind).toBe('damaged');
      await expect(store.read('a.mp4')).rejects.toThrow(
        /of a\.mp4 are damaged.*lacuna similarity/s,
      );
    }
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      await writeFile(path, changed);
      await expect(store.read('a.mp4')).rejects.toThrow(/of a\.mp4 are damaged/);
    }
    await writeFile(path, Buffer.concat([whole, Buffer.alloc(1)]));
    await expect(store.read('a.mp4')).rejects.toThrow(/it has \d+ of \d+ bytes/);
    expect(await store.read('b.mp4')).toBeDefined();
    await store.write(entry('a.mp4'));
    expect(await readFile(path)).toEqual(whole);
  });

  it('bounds what a hostile entry can ask for', async () => {
    await store.write(entry('a.mp4'));
    const path = store.path('a.mp4');
    const whole = await readFile(path);
    const longHeader = Buffer.from(whole);
    longHeader.writeUInt32LE(0xffff_ffff, 8);
    await writeFile(path, longHeader);
    expect(await store.look('a.mp4')).toMatchObject({ reason: 'its header is too long' });
    const huge = { ...entry('a.mp4'), frameCount: 2 ** 20, stride: 1, rows: 1024, columns: 1024 };
    await store.write({ ...huge, maps: new Int16Array(1) });
    expect(await store.look('a.mp4')).toMatchObject({ reason: 'its header asks for too much' });
    await truncate(path, 12);
    expect(await store.look('a.mp4')).toMatchObject({ reason: 'it ends in its header' });
  });

  it('takes no entry of another video, teacher or form', async () => {
    await store.write(entry('a.mp4'));
    await store.write(entry('b.mp4'));
    await writeFile(store.path('b.mp4'), await readFile(store.path('a.mp4')));
    await expect(store.read('b.mp4')).rejects.toThrow(/it is of a\.mp4/);
    const other = await SimilarityStore.create(join(folder, 'other'), {
      ...RECIPE,
      form: 'patches',
    });
    await other.write(entry('a.mp4'));
    await writeFile(store.path('a.mp4'), await readFile(other.path('a.mp4')));
    await expect(store.read('a.mp4')).rejects.toThrow(/another teacher or form/);
  });

  it('is continued by the same recipe, whatever the teacher is called, and by no other', async () => {
    const renamed = { ...RECIPE, teacher: { ...RECIPE.teacher, name: 'a copy' } };
    await SimilarityStore.create(store.folder, renamed);
    const teacher = { name: 'siglip', digest: 'b'.repeat(64) };
    await expect(SimilarityStore.create(store.folder, { ...RECIPE, teacher })).rejects.toThrow(
      /of another teacher.*clip \(aaaaaaaaaaaa\).*siglip \(bbbbbbbbbbbb\)/s,
    );
    await expect(SimilarityStore.create(store.folder, { ...RECIPE, stride: 2 })).rejects.toThrow(
      /other options.*stride 4.*stride 2/s,
    );
  });

  it('refuses folders that hold something else, nothing, or a manifest that it cannot read', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await expect(SimilarityStore.create(folder, RECIPE)).rejects.toThrow(/holds something else/);
    await expect(SimilarityStore.open(folder)).rejects.toThrow(
      /no similarity maps.*lacuna similarity/s,
    );
    for (const text of ['{"format":1', '{"format":2}', ' '.repeat(70_000)]) {
      await writeFile(join(store.folder, 'manifest.json'), text);
      await expect(SimilarityStore.open(store.folder)).rejects.toThrow(/manifest.*cannot be used/);
    }
  });

  it('is added to by one process at a time, which removes what a killed one left', async () => {
    await store.write(entry('a.mp4'));
    const partial = `${store.path('a.mp4')}.partial-7`;
    await writeFile(partial, 'half');
    const lock = await store.lock();
    await expect(readFile(partial)).rejects.toThrow(/ENOENT/);
    await expect(store.lock()).rejects.toThrow(/another process is writing these similarity maps/);
    await lock.release();
    await (await store.lock()).release();
    expect(await store.read('a.mp4')).toBeDefined();
  });
});
