import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { ClipLoader } from '../loader/clip-loader.js';
import { verifyTimeline } from '../testing/one-timeline.js';
import { writeTestVideo } from '../testing/test-videos.js';
import { makeCorpusFile } from '../testing/video-corpus.js';
import { decodeOptions } from './ffmpeg/programs.js';
import { Demuxer } from './node-av/demuxer.js';
import { loadLibrary } from './node-av/library.js';
import { videoBackend } from './video-backend.js';
import { videoStreamOf } from './video-stream.js';

const nodeAv = await videoBackend('node-av');
const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);
const needsFfmpeg = !hasFfmpeg ? ' (skipped: ffmpeg is not installed)' : '';
const FIXTURES = join(import.meta.dirname, 'fixtures');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-timeline-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('one meaning of an index', () => {
  // Of fields, pieces of open groups, pictures refreshed piece by piece, a container that crops; files that ffmpeg makes are in
  // `one-timeline.long.test.ts`.
  it.each([
    ['intra-refresh.mp4', 40],
    ['paff.mp4', 24],
    ['paff.m2ts', 24],
    ['open-gop-piece.m2ts', 9],
    ['mpeg2-piece.m2ts', 10],
    ['pixel-crop.mkv', 40],
  ])(`%s has %i frames, the same however they are read${needsFfmpeg}`, async (name, frames) => {
    const verdict = await verifyTimeline(nodeAv, ffmpeg, join(FIXTURES, name));
    expect(verdict).toMatchObject({ frames, missing: 0, differences: [] });
  });
});

describe('a frame whose packet does not decode', () => {
  const path = (): string => join(folder, 'lost.mp4');

  beforeAll(async () => {
    await writeTestVideo(path(), 24, 3);
    const library = await loadLibrary();
    using demuxer = new Demuxer(library, path());
    for (let i = 0; i < 7; i++) demuxer.next();
    const packet = demuxer.next();
    if (packet === undefined) throw new Error('not reached');
    const { pos } = demuxer.placeOf(packet);
    // The end of the slice's header; what tells of fields and of order stays.
    writeFileSync(path(), readFileSync(path()).fill(0, pos + 7, pos + 12));
  });

  it.each([nodeAv, ffmpeg].filter((backend) => backend !== undefined))(
    'is missing with those that follow it, and the nearest earlier one stands for them, by $name',
    async (backend) => {
      using reader = await backend.open(path());
      const box = { width: 64, height: 64 };
      const read = (indices: number[]) =>
        reader.read({ indices, crop: { x: 0, y: 0, ...box }, size: box, flip: false });
      expect(reader.info.frameCount).toBe(24);
      // Decoding is clean again from the key frame 10 on.
      expect((await read([5, 6, 7, 8, 9, 10])).indices).toEqual([5, 6, 6, 6, 6, 10]);
      expect((await read([9])).indices).toEqual([6]);
      const [alone, before] = [await read([7]), await read([6])];
      expect(alone.indices).toEqual([6]);
      expect(Buffer.compare(alone.data, before.data)).toBe(0);
    },
  );

  it('is noted with its clip', async () => {
    const loader = await ClipLoader.open({
      root: folder,
      records: [{ id: 'lost', video: 'lost.mp4', captions: [] }],
      sampling: {
        frames: 16,
        size: 32,
        rule: { name: 'dense', stride: 1 },
        crop: 'centre',
        flip: false,
      },
      seed: 1,
      batchSize: 1,
    });
    const { skipped, incomplete } = await loader.next();
    await loader.close();
    expect(skipped).toEqual([]);
    expect(incomplete.map(({ id }) => id)).toEqual(['lost']);
    expect(loader.statistics().problems.get('lost')).toMatch(
      /3 of the clip's 16 frames do not decode cleanly/,
    );
  });
});

describe('the stream that is shown', () => {
  const stream = (isVideo: boolean, isPicture: boolean, isDefault: boolean) => ({
    ...{ isVideo, isPicture, isDefault },
  });

  it('is the first that the container marks, or else the first; never a cover', () => {
    const audio = stream(false, false, true);
    const cover = stream(true, true, true);
    const plain = stream(true, false, false);
    const marked = stream(true, false, true);
    const choose = (...streams: (typeof audio)[]) => videoStreamOf('f', streams, (each) => each);
    expect(choose(audio, cover, plain, marked)).toBe(marked);
    expect(choose(audio, cover, plain)).toBe(plain);
    expect(() => choose(audio, cover)).toThrow(/f: the file has no video stream/);
  });

  it.skipIf(!hasFfmpeg)(`is one for both backends${needsFfmpeg}`, async () => {
    const two = {
      name: 'two.mkv',
      make: [
        '-map',
        '0',
        '-map',
        '0',
        '-c:v',
        'mpeg4',
        '-s:v:0',
        '64x48',
        '-s:v:1',
        '96x80',
        '-disposition:v:0',
        '0',
        '-disposition:v:1',
        'default',
      ],
    };
    expect(makeCorpusFile(folder, two)).toBe(true);
    for (const backend of [nodeAv, ffmpeg]) {
      using reader = await backend?.open(join(folder, 'two.mkv'));
      expect([reader?.info.width, reader?.info.height]).toEqual([96, 80]);
    }
    expect((await verifyTimeline(nodeAv, ffmpeg, join(folder, 'two.mkv')))?.differences).toEqual(
      [],
    );
  });
});

describe('the options of the program ffmpeg', () => {
  it('switch off the cropping of containers where there is any', () => {
    expect(decodeOptions(501, 'h264')).not.toContain('-apply_cropping');
    expect(decodeOptions(701, 'h264').join(' ')).toContain('-apply_cropping codec');
  });
});
