import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import { partName } from '../annotations/clip-part.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { readClipList } from '../annotations/read-clip-list.js';
import { type ClipSampling, captionChoice } from '../sampling/clip-sampling.js';
import { SHARED_DATA, SHARED_FILES } from '../testing/shared-data.js';
import { writeBrokenVideos, writeTestVideo } from '../testing/test-videos.js';
import type { ClipBatch } from './clip-batch.js';
import { ClipLoader } from './clip-loader.js';
import { ClipReader } from './clip-reader.js';
import type { ClipLoaderOptions, ClipSource } from './loader-options.js';

const SAMPLING: ClipSampling = {
  frames: 4,
  size: 32,
  rule: { name: 'dense', stride: 2 },
  crop: 'multi-scale',
  flip: true,
};

const MOTION = {
  map: 'motion',
  patch: 16,
  tubelet: 2,
  source: 'auto',
  camera: 'keep',
} as const;

let root = '';
let good: ClipRecord[] = [];
let bad: ClipRecord[] = [];
let mixed: ClipRecord[] = [];

function record(video: string, i = 0): ClipRecord {
  return { id: video, video, captions: [`one of ${i}`, `two of ${i}`] };
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'lacuna-loader-'));
  const names = Array.from({ length: 7 }, (_, i) => `good-${i}.mp4`);
  for (const [i, name] of names.entries()) await writeTestVideo(join(root, name), 12 + 5 * i, i);
  const outside = join(root, '..', `outside-${process.pid}.mp4`);
  await writeTestVideo(outside, 12, 0);
  symlinkSync(outside, join(root, 'link.mp4'));
  good = names.map(record);
  bad = [...writeBrokenVideos(root), 'absent.mp4', 'link.mp4'].map(record);
  mixed = [...good.slice(0, 4), ...bad, ...good.slice(4)];
});
afterAll(() => {
  rmSync(join(root, '..', `outside-${process.pid}.mp4`));
  rmSync(root, { recursive: true, force: true });
});

/** A list of still pictures, each of one grey, in a folder of its own. */
function pictures(count: number): ClipSource {
  const folder = join(root, 'pictures');
  mkdirSync(folder, { recursive: true });
  const records = Array.from({ length: count }, (_, i) => {
    const data = new Uint8Array(40 * 48 * 3).fill(10 * i);
    writeFileSync(join(folder, `${i}.png`), encode({ width: 40, height: 48, channels: 3, data }));
    return record(`${i}.png`);
  });
  return { root: folder, records };
}

function open(options: Partial<ClipLoaderOptions>): Promise<ClipLoader> {
  return ClipLoader.open({
    root,
    records: good,
    sampling: SAMPLING,
    seed: 5,
    batchSize: 3,
    ...options,
  });
}

function digest({ epoch, step, video, samples, skipped }: ClipBatch): string {
  const facts = JSON.stringify([epoch, step, samples, skipped]);
  return `${epoch}:${step} ${createHash('sha256').update(video).update(facts).digest('hex')}`;
}

async function take(loader: ClipLoader, count: number): Promise<string[]> {
  const digests: string[] = [];
  for (let i = 0; i < count; i++) digests.push(digest(await loader.next()));
  await loader.close();
  return digests;
}

describe('ClipLoader', () => {
  it('mixes videos with still pictures, which fill their clips with their one frame', async () => {
    const others = [{ ...pictures(5), weight: 2 }];
    for (const sampling of [SAMPLING, { ...SAMPLING, motion: MOTION }]) {
      const loader = await open({ others, sampling });
      const bytes = 4 * 32 * 32 * 3;
      for (let step = 0; step < 5; step++) {
        const { samples, video, skipped } = await loader.next();
        expect(skipped).toEqual([]);
        expect(samples.map(({ record: { video: name } }) => name.slice(-4))).toEqual([
          '.mp4',
          '.png',
          '.png',
        ]);
        for (const [i, { record: its, frameIndices }] of samples.entries()) {
          if (i === 0) continue;
          expect(frameIndices).toEqual([0, 0, 0, 0]);
          const grey = 10 * Number.parseInt(its.video, 10);
          expect(new Set(video.subarray(i * bytes, (i + 1) * bytes))).toEqual(new Set([grey]));
        }
      }
      await loader.close();
    }
  });

  it('takes the frames of the parts that records are about, by seconds and by frames', async () => {
    const video = (good[6] as ClipRecord).video; // 42 frames, 12 a second
    const parts = [
      { start: 0.2, end: 0.6 },
      { first: 20, count: 9 },
      { start: 3.33, end: 9 },
      { start: 70, end: 90 },
    ].map((part) => ({ id: `${video}${partName(part)}`, video, part, captions: [] }));
    const loader = await open({ records: parts, batchSize: 4 });
    const bounds = [
      [3, 7],
      [20, 28],
      [40, 41],
    ] as const;
    const { samples, skipped } = await loader.next();
    expect(skipped.map(({ id, reason }) => [id, reason])).toEqual([
      [`${video}#t=70,90`, expect.stringMatching(/the part begins behind the end of the video/)],
    ]);
    for (const { record: its, frameIndices } of samples) {
      const [first, last] = bounds[parts.findIndex(({ id }) => id === its.id)] ?? [-1, -1];
      expect(Math.min(...frameIndices)).toBeGreaterThanOrEqual(first);
      expect(Math.max(...frameIndices)).toBeLessThanOrEqual(last);
    }
    await loader.close();
    const reader = await ClipReader.open({ root, records: parts.slice(0, 3), sampling: SAMPLING });
    const clips: number[][] = [];
    for await (const outcome of reader.clips()) {
      if ('clip' in outcome) clips.push([...outcome.clip.frameIndices]);
    }
    await reader.close();
    // The middles of [3, 8), [20, 29) and [40, 42), every second frame.
    expect(clips).toEqual([
      [3, 5, 5, 5],
      [20, 22, 24, 26],
      [40, 40, 40, 40],
    ]);
  });

  it.each(['quotas', 'alternating'] as const)(
    'mixes alike with any number of workers, from any place on: %s',
    async (mixing) => {
      const others = [{ ...pictures(8), records: [...pictures(8).records, ...bad], weight: 1 }];
      const options = { others, batchSize: 4, mixing, records: mixed };
      const straight = await take(await open(options), 9);
      expect(await take(await open({ ...options, workers: 3 }), 9)).toEqual(straight);
      const [epoch, step] = straight[5]?.split(' ')[0]?.split(':').map(Number) ?? [];
      const start = { epoch: epoch ?? 0, step: step ?? 0 };
      expect(await take(await open({ ...options, start }), 4)).toEqual(straight.slice(5));
    },
  );

  it.each([
    ['of two lists, repeated', 4, { repeats: 2 }],
    ['of a list whose rows run out of stand-ins', 6, { records: 'few' }],
  ] as const)(
    'gives 1, 2 and more processes rows that join to the batch of one, also from another place on: %s',
    async (_, batchSize, { records: few, ...more }: { records?: 'few'; repeats?: number }) => {
      const own = few === undefined ? mixed : [...good.slice(0, 6), ...bad.slice(0, 2)];
      const others = few === undefined ? [{ ...pictures(8), weight: 1 }] : [];
      const options = { records: own, others, batchSize, ...more };
      const rowsOf = async (processes: number, steps: number, start = { epoch: 0, step: 0 }) => {
        const count = batchSize / processes;
        const loaders = await Promise.all(
          Array.from({ length: processes }, (_, p) =>
            open({ ...options, start, rows: { first: p * count, count }, prefetchBatches: 1 }),
          ),
        );
        const joined: string[] = [];
        for (let i = 0; i < steps; i++) {
          const parts = await Promise.all(loaders.map((loader) => loader.next()));
          const [{ epoch, step }] = parts as [ClipBatch];
          const video = new Uint8Array(Buffer.concat(parts.map((part) => part.video)));
          const [samples, skipped, incomplete] = [
            parts.flatMap((part) => part.samples),
            parts.flatMap((part) => part.skipped),
            parts.flatMap((part) => part.incomplete),
          ];
          joined.push(digest({ epoch, step, video, samples, skipped, incomplete }));
        }
        await Promise.all(loaders.map((loader) => loader.close()));
        return joined;
      };
      const straight = await take(await open(options), 4);
      expect(await rowsOf(2, 2)).toEqual(straight.slice(0, 2));
      const [epoch = 0, step = 0] = straight[2]?.split(' ')[0]?.split(':').map(Number) ?? [];
      expect(await rowsOf(batchSize === 6 ? 3 : 4, 2, { epoch, step })).toEqual(straight.slice(2));
    },
  );

  it('delivers batches in order, each sample once an epoch, the last partial batch dropped', async () => {
    const loader = await open({});
    expect(loader.stepsPerEpoch).toBe(2);
    const batches = [await loader.next(), await loader.next(), await loader.next()];
    expect(batches.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ]);
    const ids = batches.slice(0, 2).flatMap(({ samples }) => samples.map((s) => s.record.id));
    expect(new Set(ids).size).toBe(6);
    for (const { epoch, video, samples } of batches) {
      expect(video.length).toBe(3 * 4 * 32 * 32 * 3);
      for (const sample of samples) {
        expect(sample.word).toBe(sampleWord(sample.record.id));
        expect(sample.frameIndices.length).toBe(4);
        const address = { seed: 5, epoch, sample: sample.word, replicate: 0 };
        expect(sample.caption).toBe(captionChoice(2, address));
      }
    }
    expect(loader.statistics()).toMatchObject({ batches: 3, skippedSamples: 0 });
    expect(loader.statistics().decodedFrames).toBeGreaterThan(3 * 3 * 4);
    await loader.close();
  });

  it('delivers the same batches whatever the workers and the memory ahead', async () => {
    const one = await take(await open({ records: mixed, prefetchBytes: 1 }), 11);
    const three = await take(await open({ records: mixed, workers: 3, prefetchBatches: 8 }), 11);
    const here = await take(await open({ records: mixed, workers: 0 }), 11);
    expect(three).toEqual(one);
    expect(here).toEqual(one);
    expect(new Set(one).size).toBe(11);
  });

  it('delivers the same batches when it starts in the middle, bad clips among them', async () => {
    const straight = await take(await open({ records: mixed }), 12);
    for (const [skip, start] of [
      [1, { epoch: 0, step: 1 }],
      [5, { epoch: 0, step: 5 }],
      [5, { epoch: 1, step: 0 }],
      [7, { epoch: 1, step: 2 }],
    ] as const) {
      const resumed = await take(await open({ records: mixed, start, workers: 2 }), 12 - skip);
      expect(resumed).toEqual(straight.slice(skip));
    }
  });

  it('passes over every bad clip, tells why once, and fills the batch', async () => {
    const loader = await open({ records: mixed });
    for (let i = 0; i < 2 * loader.stepsPerEpoch; i++) {
      const { samples } = await loader.next();
      expect(samples.length).toBe(3);
      for (const sample of samples) expect(sample.record.id).toMatch(/^good/);
    }
    const { problems, skippedSamples } = loader.statistics();
    const told = [...problems.values()];
    expect(problems.size).toBe(bad.length);
    expect(skippedSamples).toBeGreaterThan(bad.length);
    for (const [id, reason] of problems) expect(reason.startsWith(`${id}: `)).toBe(true);
    expect(told.join()).not.toContain(root);
    expect(problems.get('link.mp4')).toMatch(/leads out of the data folder/);
    expect(problems.get('absent.mp4')).toMatch(/ENOENT/);
    expect(problems.get('empty.mp4')).toMatch(/the file is empty/);
    await loader.close();
  });

  it('fills a batch as large as the list although clips are bad', async () => {
    const records = [...good.slice(0, 2), ...bad.slice(0, 2)];
    const loader = await open({ records, batchSize: 4 });
    const { samples, skipped } = await loader.next();
    expect(samples.map((s) => s.record.id).every((id) => id.startsWith('good'))).toBe(true);
    expect(skipped.length).toBeGreaterThanOrEqual(2);
    await loader.close();
  });

  it.each([1, 2, 3, 4])(
    'has no video twice in a batch of 3 while enough others can be read, with %i broken of 7',
    async (broken) => {
      const records = [...good.slice(0, 7 - broken), ...bad.slice(0, broken)];
      for (const seed of [0, 1, 2]) {
        const loader = await open({ records, seed, workers: 2 });
        for (let i = 0; i < 8; i++) {
          const ids = (await loader.next()).samples.map((s) => s.record.id);
          expect(ids.every((id) => id.startsWith('good'))).toBe(true);
          expect(new Set(ids).size).toBe(Math.min(3, 7 - broken));
        }
        await loader.close();
      }
    },
  );

  it('stops with one sentence when no clip is usable', async () => {
    const loader = await open({ records: bad, batchSize: 2 });
    await expect(loader.next()).rejects.toThrow(
      /no video of the list can be read; got .*Check the data/,
    );
    await loader.close();
  });

  it.each([
    [{ batchSize: 8 }, /batches of 8 from 7 videos/],
    [{ batchSize: 0 }, /the batch size does not fit/],
    [{ records: [] }, /from 0 videos/],
    [{ rows: { first: 2, count: 2 } }, /no such rows; got 2 rows from 2 on.* of 3/],
    [{ rows: { first: 0, count: 0 } }, /no such rows/],
    [{ workers: -1 }, /the number of decoding workers/],
    [{ start: { epoch: 0, step: 3 } }, /the place to start at does not exist; got epoch 0, step 3/],
    [{ start: { epoch: -1, step: 0 } }, /the place to start at does not exist/],
    [{ root: '/nonexistent/folder' }, /the data folder does not exist/],
    [{ root: tmpdir() }, /holds none of the videos that the list begins with/],
    [{ sampling: { ...SAMPLING, frames: 0 } }, /the clip sampling is out of bounds/],
  ])('refuses the options %j', async (options, message) => {
    await expect(open(options)).rejects.toThrow(message);
  });

  it('ends its workers when it is closed, and says so when it is asked again', async () => {
    const before = workerCount();
    const loader = await open({ workers: 2 });
    expect(workerCount()).toBe(before + 2);
    await loader.close();
    expect(workerCount()).toBe(before);
    await expect(loader.next()).rejects.toThrow(/closed/);
  });
});

/** The worker threads of this process that run. */
function workerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

describe('ClipReader', () => {
  it('reads the centre clips of a list in order, with the reason where there is none', async () => {
    const { frames, size, rule } = SAMPLING;
    const reader = await ClipReader.open({
      root,
      records: mixed,
      sampling: { frames, size, rule },
      workers: 2,
    });
    const ids: string[] = [];
    for await (const outcome of reader.clips()) {
      ids.push(outcome.record.id);
      expect('clip' in outcome).toBe(outcome.record.id.startsWith('good'));
    }
    expect(ids).toEqual(mixed.map(({ id }) => id));
    const clip = await reader.readClip(record('good-1.mp4'));
    expect(clip.frameIndices).toEqual([4, 6, 8, 10]);
    expect(clip.crop).toEqual({ x: 0, y: 0, width: 64, height: 64 });
    await expect(reader.readClip(record('empty.mp4'))).rejects.toThrow(
      'empty.mp4: the file is empty.',
    );
    await reader.close();
  });
});

describe.skipIf(SHARED_DATA === undefined)(
  `the shared real videos${SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : ''}`,
  () => {
    it('are all delivered once an epoch', async () => {
      const root = SHARED_DATA ?? '';
      const { records } = await readClipList(
        join(root, 'annotations/ours/captions.jsonl'),
        () => {},
      );
      const loader = await open({ root, records, batchSize: 6, workers: 2 });
      const ids = new Set<string>();
      for (let i = 0; i < 9; i++)
        for (const s of (await loader.next()).samples) ids.add(s.record.id);
      expect(ids.size).toBe(54);
      expect(loader.statistics().problems.size).toBe(0);
      await loader.close();
    });

    it('of the odd kind end as the manifest expects', async () => {
      const odd = SHARED_FILES.filter(({ file }) => file.startsWith('odd/'));
      const records = odd.map(({ file }) => record(file));
      const loader = await open({ root: SHARED_DATA ?? '', records, batchSize: 5, workers: 2 });
      const delivered = new Set<string>();
      for (let i = 0; i < loader.stepsPerEpoch; i++) {
        for (const sample of (await loader.next()).samples) delivered.add(sample.record.id);
      }
      const ending = (words: RegExp): string[] =>
        odd.filter(({ expect: end }) => words.test(end ?? '')).map(({ file }) => file);
      const refused = ending(/must be refused/);
      // Frames that do not decode cleanly are said of a clip that is delivered all the same.
      const lacking = ending(/decodes with NAL errors/);
      const { problems } = loader.statistics();
      expect([...problems.keys()].sort()).toEqual([...refused, ...lacking].sort());
      for (const file of lacking) expect(problems.get(file)).toMatch(/do not decode cleanly/);
      for (const { file } of odd) expect(delivered.has(file)).toBe(!refused.includes(file));
      await loader.close();
    });
  },
);

describe('a worker that cannot start', () => {
  it('is told as the missing backend that it is', async () => {
    const { PATH } = process.env;
    process.env.PATH = root;
    try {
      const opened = open({ backend: 'ffmpeg' });
      await expect(opened).rejects.toThrow(LacunaError);
      await expect(opened).rejects.toThrow(/the program ffmpeg is not there/);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
