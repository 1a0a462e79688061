import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClipRecord,
  type DemoData,
  makeDemoData,
  readClipList,
  type SimilarityRecipe,
  SimilarityStore,
  videoBackend,
} from '../data/index.js';
import type { Aligner } from '../run/aligner.js';
import { LacunaError, quantizeSimilarity } from '../spec/index.js';
import { cutFrame } from './frame-cells.js';
import {
  makeSimilarityMaps,
  type SimilarityOptions,
  type SimilarityProgress,
  similarityRecipe,
} from './similarity-maps.js';

/** A teacher of width 2: a picture's direction is its mean red, a patch's its own mean red. */
class RedTeacher implements Aligner {
  readonly name = 'red';
  readonly digest = 'e'.repeat(64);
  readonly width = 2;
  readonly size = 8;
  readonly patch = 4;
  images = 0;
  texts: string[] = [];

  async embedImages(images: Uint8Array, count: number): Promise<Float32Array> {
    this.images += count;
    return directions(count, (i) => meanRed(images.subarray(i * 192, (i + 1) * 192), 0, 0, 8));
  }

  async embedPatches(images: Uint8Array, count: number): Promise<Float32Array> {
    this.images += count;
    return directions(count * 4, (i) => {
      const image = images.subarray(Math.floor(i / 4) * 192, (Math.floor(i / 4) + 1) * 192);
      return meanRed(image, (i % 2) * 4, Math.floor((i % 4) / 2) * 4, 4);
    });
  }

  async embedTexts(captions: readonly string[]): Promise<Float32Array> {
    this.texts.push(...captions);
    if (captions.includes('too long')) throw new LacunaError({ what: 'a caption is too long' });
    return directions(captions.length, (i) => (captions[i] ?? '').length);
  }

  async dispose(): Promise<void> {}
}

/** Red of the square at (x, y) of an 8 x 8 image. */
function meanRed(image: Uint8Array, x: number, y: number, side: number): number {
  let sum = 0;
  for (let i = 0; i < side * side; i++) {
    sum += image[((y + Math.floor(i / side)) * 8 + x + (i % side)) * 3] as number;
  }
  return sum / (side * side);
}

function directions(count: number, angle: (i: number) => number): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, n) =>
    (n % 2 === 0 ? Math.cos : Math.sin)(angle(Math.floor(n / 2)) / 100),
  );
}

let folder = '';
let data: DemoData;
let records: readonly ClipRecord[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-making-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 6, testClips: 1 });
  records = (await readClipList(data.trainList, () => {})).records.map((record, i) => ({
    ...record,
    captions: [`one ${i}`, 'another'],
  }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let teacher: RedTeacher;
beforeEach(() => {
  teacher = new RedTeacher();
});

function storeOf(name: string, options: SimilarityOptions): Promise<SimilarityStore> {
  return SimilarityStore.create(join(folder, name), similarityRecipe(teacher, options));
}

const work = (store: SimilarityStore, some = records) => ({
  records: some,
  root: data.folder,
  aligner: teacher,
  store,
});

/** The map of one frame of the first clip, straight from the teacher. */
async function expected(
  form: SimilarityRecipe['form'],
  cells: number,
  frame: number,
  caption: string,
): Promise<Int16Array> {
  const size = { width: 64, height: 64 };
  using reader = await (await videoBackend('auto')).open(
    join(data.folder, (records[0] as ClipRecord).video),
  );
  const request = { indices: [frame], crop: { x: 0, y: 0, ...size }, size, flip: false };
  const { data: pixels } = await reader.read(request);
  const across = form === 'dense' ? 1 : cells;
  const images = cutFrame(pixels, size, { across, down: across }, teacher.size);
  const rows =
    form === 'dense'
      ? await teacher.embedPatches(images, 1)
      : await teacher.embedImages(images, cells * cells);
  const [x, y] = (await teacher.embedTexts([caption])) as unknown as [number, number];
  return quantizeSimilarity(
    Float64Array.from({ length: cells * cells }, (_, n) => {
      return (rows[2 * n] as number) * x + (rows[2 * n + 1] as number) * y;
    }),
  );
}

describe('makeSimilarityMaps', () => {
  it.each<[SimilarityRecipe['form'], number, number]>([
    ['dense', 2, 6],
    ['patches', 4, 6 * 16],
  ])(
    'stores for every caption and every 4th frame what the teacher says: %s',
    async (form, cells, images) => {
      const options = form === 'dense' ? { form } : { form, cells };
      const store = await storeOf(form, options);
      const seen: SimilarityProgress[] = [];
      const result = await makeSimilarityMaps({
        ...work(store),
        onProgress: (progress) => seen.push(progress),
      });
      expect(result).toMatchObject({
        made: 6,
        reused: 0,
        done: 6,
        images: 6 * images,
        problems: [],
      });
      expect(result.finished).toBe(true);
      expect([...new Set(seen.map(({ done }) => done))]).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(seen.at(-1)?.secondsLeft).toBe(0);
      const entry = await store.read((records[0] as ClipRecord).video);
      expect(entry).toMatchObject({
        width: 64,
        height: 64,
        frameCount: 24,
        stride: 4,
        rows: cells,
        columns: cells,
        captions: ['one 0', 'another'],
      });
      const half = (entry?.maps.length ?? 0) / 2;
      expect(half).toBe(6 * cells * cells);
      // Frame 8 is the third that is stored, 'another' the second caption.
      const stored = entry?.maps.subarray(half + 2 * cells * cells, half + 3 * cells * cells);
      expect(stored).toEqual(await expected(form, cells, 8, 'another'));
    },
  );

  it('goes on where it was: makes what is missing, damaged or of another video, and nothing else', async () => {
    const store = await storeOf('resumed', { form: 'dense' });
    const stop = new AbortController();
    const first = await makeSimilarityMaps({
      ...work(store),
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 4) stop.abort();
      },
    });
    expect(first).toMatchObject({ made: 4, done: 4, finished: false });
    const [a, b, c] = records.map(({ video }) => video) as [string, string, string];
    const before = await readFile(store.path(c));
    await truncate(store.path(a), 100);
    const entry = await store.read(b);
    if (entry === undefined) throw new Error('no entry');
    await store.write({ ...entry, bytes: 5 });
    const notes: string[] = [];
    const onNote = (text: string): void => void notes.push(text);
    const second = await makeSimilarityMaps({ ...work(store), onNote });
    expect(second).toMatchObject({ made: 4, reused: 2, done: 6, finished: true });
    expect(notes).toEqual([
      expect.stringMatching(/maps of .*train-00000.* are damaged.*made again/),
    ]);
    expect(await readFile(store.path(c))).toEqual(before);
    expect((await makeSimilarityMaps(work(store))).images).toBe(0);
  });

  it('adds a caption beside those that are there', async () => {
    const store = await storeOf('added', { form: 'dense' });
    const some = records.slice(0, 1);
    await makeSimilarityMaps(work(store, some));
    const more = some.map((record) => ({ ...record, captions: ['another', 'new', 'new'] }));
    teacher.texts = [];
    await makeSimilarityMaps(work(store, more));
    expect(teacher.texts).toEqual(['new']);
    const entry = await store.read((some[0] as ClipRecord).video);
    expect(entry?.captions).toEqual(['one 0', 'another', 'new']);
    const all = await storeOf('at-once', { form: 'dense' });
    const captions = ['one 0', 'another', 'new'];
    await makeSimilarityMaps(
      work(
        all,
        some.map((record) => ({ ...record, captions })),
      ),
    );
    expect(entry?.maps).toEqual((await all.read((some[0] as ClipRecord).video))?.maps);
  });

  it('passes over videos that cannot be read, and stops at a caption that does not fit', async () => {
    const store = await storeOf('odd', { form: 'dense' });
    await writeFile(join(data.folder, 'broken.mp4'), 'no video');
    const odd = ['broken.mp4', 'gone.mp4', '../data/clips/../../../etc/passwd'].map((video) => ({
      id: video,
      video,
      captions: ['x'],
    }));
    const notes: string[] = [];
    const onNote = (text: string): void => void notes.push(text);
    const result = await makeSimilarityMaps({
      ...work(store, [...odd, ...records.slice(0, 2)]),
      onNote,
    });
    expect(result).toMatchObject({ made: 2, done: 5, finished: true });
    expect(result.problems.map(({ id }) => id)).toEqual(odd.map(({ id }) => id));
    expect(notes).toHaveLength(3);
    const long = records.slice(2, 4).map((record) => ({ ...record, captions: ['too long'] }));
    await expect(makeSimilarityMaps(work(store, long))).rejects.toThrow(/too long/);
    expect(await store.read((records[0] as ClipRecord).video)).toBeDefined();
  });

  it('is the same whether a frame is decoded alone or with others', async () => {
    const store = await storeOf('alone', { form: 'dense', stride: 1 });
    await mkdir(join(data.folder, 'copy'), { recursive: true });
    const [record] = records as [ClipRecord];
    await copyFile(join(data.folder, record.video), join(data.folder, 'copy', 'a.mp4'));
    const copy = { ...record, id: 'copy/a.mp4', video: 'copy/a.mp4' };
    await makeSimilarityMaps(work(store, [record, copy]));
    const sparse = await storeOf('sparse', { form: 'dense', stride: 5 });
    await makeSimilarityMaps(work(sparse, [record]));
    const [every, fifth] = [await store.read(copy.video), await sparse.read(record.video)];
    expect(fifth?.maps.subarray(4, 8)).toEqual(every?.maps.subarray(20, 24));
  });
});

describe('similarityRecipe', () => {
  it('fills in stride and cells, and refuses cells that a dense map cannot have', () => {
    const { name, digest } = teacher;
    const found = { teacher: { name, digest }, stride: 4 };
    expect(similarityRecipe(teacher, { form: 'dense' })).toEqual({
      ...found,
      form: 'dense',
      cells: 2,
    });
    expect(similarityRecipe(teacher, { form: 'patches' })).toEqual({
      ...found,
      form: 'patches',
      cells: 14,
    });
    expect(() => similarityRecipe(teacher, { form: 'dense', cells: 3 })).toThrow(/own patches/);
  });
});
