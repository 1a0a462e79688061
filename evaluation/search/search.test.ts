import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import { refusalOf } from '../../core/testing/refusal.js';
import {
  createTokenizer,
  type DemoData,
  listFolder,
  makeDemoData,
  trainBpe,
} from '../../data/index.js';
import { inspect } from '../../run/inspect/inspect.js';
import type { TrainedModel } from '../../run/open-program.js';
import { parseConfig } from '../../run/settings/parse-config.js';
import { resolveSettings } from '../../run/settings/settings.js';
import { untrained } from '../../run/untrained.js';
import { modelDigest } from '../model-digest.js';
import { type IndexOutcome, indexVideos } from './index-videos.js';
import { type SearchHit, searchIndex } from './search-index.js';
import { type IndexedVideo, readVideoIndex, type VideoIndex } from './video-index.js';

const entry = (path: string, frames: number, segments: number): IndexedVideo => ({
  path,
  size: 1,
  mtimeMs: 0,
  ctimeMs: 0,
  digest: '0'.repeat(64),
  frames,
  segments,
});

describe('searchIndex', () => {
  it('finds what sorting all segments by their products finds', () => {
    const number = fc.integer({ min: -3, max: 3 });
    const drawn = fc.integer({ min: 1, max: 9 }).chain((width) =>
      fc.record({
        query: fc.array(number, { minLength: width, maxLength: width }),
        segments: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
        numbers: fc.array(number, { minLength: 48 * width, maxLength: 48 * width }),
        top: fc.integer({ min: 1, max: 14 }),
      }),
    );
    fc.assert(
      fc.property(drawn, ({ query, segments, numbers, top }) => {
        const width = query.length;
        const videos = segments.map((count, i) => entry(`${i}`, 10 * count + i, count));
        const total = segments.reduce((a, b) => a + b, 0);
        const vectors = Float32Array.from(numbers.slice(0, total * width));
        let row = 0;
        const all = videos.flatMap((video, index) =>
          Array.from({ length: video.segments }, (_, i) => {
            const own = vectors.subarray(row * width, ++row * width);
            const similarity = own.reduce((sum, value, k) => sum + value * (query[k] ?? 0), 0);
            return { index, i, similarity };
          }),
        );
        // Sorting keeps the order of equals.
        all.sort((a, b) => b.similarity - a.similarity);
        const expected = all.filter(
          (one, at) => all.findIndex((o) => o.index === one.index) === at,
        );
        const found = searchIndex({ videos, vectors, width }, Float32Array.from(query), top);
        const brief = ({ index, first, similarity }: SearchHit): unknown => [
          index,
          first,
          similarity + 0,
        ];
        expect(found.map(brief)).toEqual(
          expected.slice(0, top).map(({ index, i, similarity }) => {
            const { frames, segments: count } = videos[index] as IndexedVideo;
            return [index, Math.floor((frames * i) / count), similarity + 0];
          }),
        );
      }),
    );
  });

  it('refuses a query of another width, or with NaN', () => {
    const index = { videos: [entry('a', 1, 1)], vectors: Float32Array.of(1, 0), width: 2 };
    expect(() => searchIndex(index, Float32Array.of(1), 1)).toThrow(/got 1 numbers, expected 2/);
    expect(() => searchIndex(index, Float32Array.of(1, Number.NaN), 1)).toThrow(/not all finite/);
  });
});

describe('indexVideos', () => {
  let folder = '';
  let data: DemoData;
  let backend: Backend;
  let model: TrainedModel;
  let videos = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-index-'));
    data = await makeDemoData(join(folder, 'data'), { trainClips: 2, testClips: 3 });
    videos = join(folder, 'videos');
    await mkdir(videos);
    const made = (await listFolder(data.folder)).records;
    for (const [i, { video }] of made.slice(0, 3).entries()) {
      await copyFile(join(data.folder, video), join(videos, `${i}.mp4`));
    }
    backend = await ONNX.open({ threads: 1 });
    const settings = resolveSettings(
      parseConfig({ preset: 'tiny-mac', data: { list: data.testList }, output: 'x' }),
    );
    const tokenizer = createTokenizer(trainBpe(['a red circle moves'], { vocabSize: 300 }));
    model = untrained({ settings, backend, state: {}, tokenizer });
  }, 120_000);
  afterAll(async () => {
    expect(backend.liveTensors).toBe(0);
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function made(
    name: string,
    every = 5,
  ): Promise<readonly [IndexOutcome, VideoIndex, string]> {
    const { records } = await listFolder(videos, { pictures: true });
    const at = join(folder, name);
    const options = { folder: at, records, root: videos, run: '/run', digest: modelDigest(model) };
    const told: string[] = [];
    const watch = { onProblem: ({ reason }: { reason: string }) => told.push(reason) };
    const outcome = await indexVideos(model, { ...options, every, watch });
    return [outcome, (await readVideoIndex(at)) as VideoIndex, told.join('\n')];
  }

  it('follows its folder: added, changed, renamed, removed, broken', async () => {
    const [first, index] = await made('a');
    expect(first).toMatchObject({ videos: 3, embedded: 3, known: 0, removed: 0, leftOut: 0 });
    expect(index.videos.every(({ segments }) => segments > 1)).toBe(true);
    expect(index.vectors.length).toBe(first.segments * index.width);
    expect(await inspect(join(folder, 'a'))).toMatchObject({
      kind: 'an index of videos',
      facts: { videos: 3, run: '/run', width: index.width },
      tensors: [{ name: 'vectors', dtype: 'F32', shape: [first.segments, index.width] }],
    });
    const [again, same] = await made('a');
    expect(again).toMatchObject({ embedded: 0, known: 3 });
    expect(same).toEqual(index);

    await copyFile(join(videos, '0.mp4'), join(videos, 'renamed.mp4'));
    await rm(join(videos, '0.mp4'));
    await appendFile(join(videos, '1.mp4'), Buffer.alloc(8));
    await rm(join(videos, '2.mp4'));
    await writeFile(join(videos, 'broken.mp4'), 'no video');
    const [later, followed, told] = await made('a');
    expect(later).toMatchObject({ videos: 2, embedded: 1, known: 1, removed: 2, leftOut: 1 });
    expect(followed.videos.map(({ path }) => path)).toEqual(['1.mp4', 'renamed.mp4']);
    expect(told).toMatch(/^broken\.mp4: /);
    const size = (index.videos[0]?.segments ?? 0) * index.width;
    expect(followed.vectors.slice(-size)).toEqual(index.vectors.slice(0, size));
    const [anew, afresh] = await made('b');
    expect([anew.embedded, afresh]).toEqual([2, followed]);
    expect((await readdir(join(folder, 'a'))).length).toBe(2);
    await mkdir(join(folder, 'a', 'pending'));
    await writeFile(join(folder, 'a', 'pending', 'own.txt'), 'not of the index');
    const [other] = await made('a', 4);
    expect(other).toMatchObject({ embedded: 2, known: 0 });
    expect(await readdir(join(folder, 'a', 'pending'))).toEqual(['own.txt']);
  }, 60_000);

  it('refuses what has changed, a path that leads out, and a second writer', async () => {
    await made('c');
    const at = join(folder, 'c');
    const list = join(at, 'index.json');
    const text = await readFile(list, 'utf8');
    const refused = (): Promise<string> => refusalOf(readVideoIndex(at));
    await writeFile(list, text.replace('"frames": ', '"frames": 1'));
    expect(await refused()).toMatch(/cannot be read; got it has changed since it was written/);
    const { digest: _, sealed: __, ...plain } = JSON.parse(text);
    const hostile = { ...plain, videos: [{ ...plain.videos[0], path: 'a/../../etc/passwd' }] };
    await writeFile(list, JSON.stringify(hostile));
    expect(await refused()).toMatch(/videos\.0\.path: it leads out of the folder/);
    await writeFile(list, text);
    const [file = ''] = (await readdir(at)).filter((name) => name.startsWith('vectors-'));
    await appendFile(join(at, file), 'x');
    expect(await refused()).toMatch(/it has changed since it was written/);
    await rm(join(at, file));
    expect(await refused()).toMatch(/it is missing.*remove its index\.json/);
    expect(await readVideoIndex(join(folder, 'none'))).toBeUndefined();

    const both = await Promise.allSettled([made('d'), made('d')]);
    const failures = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(failures).toEqual([expect.stringMatching(/another process is writing this index/)]);
  }, 60_000);
});
