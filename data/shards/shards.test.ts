import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../core/sha256.js';
import { capable } from '../../core/testing/capability.js';
import { tarHeader, tarMembers } from '../../formats/tar.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { readClipList } from '../annotations/read-clip-list.js';
import { checkDataSet } from '../check/check-data-set.js';
import { ClipLoader } from '../loader/clip-loader.js';
import { ClipReader } from '../loader/clip-reader.js';
import { writeTestVideo } from '../testing/test-videos.js';
import { videoInRoot } from '../video/data-root.js';
import { videoBackend } from '../video/video-backend.js';
import { readVideo } from '../video/video-file.js';
import { clipWriters } from './clip-writer.js';
import { encodedSize, framesAt } from './encode-frames.js';
import { listFile } from './list-file.js';
import { indexShards, makeShards } from './make-shards.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const STILLS = join(import.meta.dirname, '../video/still/fixtures');
const COPY = { content: 'copy', clipsPerShard: 2, size: 256, quality: 20 } as const;

/** What read-shards.py says of the shards of `pictures`. */
const ORACLE = JSON.parse(readFileSync(join(FIXTURES, 'shards.json'), 'utf8')) as Readonly<
  Record<'webdataset' | 'energon', readonly { key: string; parts: Record<string, string> }[]>
>;

/** Their tars, which the packages read. */
const TARS = [
  '51f45aafae20c4449c8af62e9466d153562070124e9af75a5691289a73c9a065',
  '46cef3a49540ae66e64916684cd6a2c4a063c7dabb11f23c6089d13a873c3cd8',
  'dbb2c4df9957cc5b7d063617d992b168794f4db2f57647bb1850ae69d2d35f83',
];

const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);
/** Ways to decode and encode that can run here. */
const WAYS = hasFfmpeg ? (['node-av', 'ffmpeg'] as const) : (['node-av'] as const);

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lacuna-shards-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pictures = ['plain.png', 'turned.jpg', 'alpha.webp', 'broken.png', 'grey.png'].map(
  (video, i): ClipRecord => ({
    id: video,
    video,
    captions: i === 2 ? [] : [`caption ${i}, "quoted", größer`, 'another'],
    ...(i === 0 ? { label: 'plain' } : {}),
    ...(i === 1 ? { labels: { noun: 'door', verb: 'open' } } : {}),
  }),
);

const listOf = (records: readonly ClipRecord[]) => ({ records, digest: 'ab'.repeat(32) });

describe('shards of a list', () => {
  it('hold, for webdataset and Energon, what the list says, and for their own index', async () => {
    const folder = join(root, 'pictures');
    const problems: string[] = [];
    const made = await makeShards(listOf(pictures), STILLS, folder, {
      recipe: COPY,
      workers: 2,
      onProblem: ({ id }) => problems.push(id),
    });
    expect(made).toMatchObject({ shards: 3, found: 0, samples: 4, skipped: 1, finished: true });
    expect(problems).toEqual(['broken.png']);
    // The bytes that the packages have read; what they read is in the fixture.
    const tars = [0, 1, 2].map((n) => readFileSync(join(folder, `shard-00000${n}.tar`)));
    expect(tars.map(sha256)).toEqual(TARS);
    expect(ORACLE.energon).toEqual(ORACLE.webdataset);
    const { records, badCaptions } = await readClipList(listFile(folder), expect.fail);
    expect(badCaptions.count).toBe(0);
    const told = ORACLE.webdataset.map(({ key, parts }) => [key, Object.values(clipOf(parts))]);
    expect(records.map(({ video, member }) => [keyOf(video), [member?.sha256]])).toEqual(told);
    expect(records.map(({ captions, label, labels }) => ({ captions, label, labels }))).toEqual(
      pictures
        .filter(({ video }) => video !== 'broken.png')
        .map(({ captions, label, labels }) => ({ captions, label, labels })),
    );
    for (const [i, record] of records.entries()) {
      const path = await videoInRoot(folder, record);
      const whole = readFileSync(
        join(STILLS, ['plain.png', 'turned.jpg', 'alpha.webp', 'grey.png'][i] ?? ''),
      );
      expect((await readVideo(path, 2 ** 20)).equals(whole)).toBe(true);
    }
  });

  it('stay when the same are asked for again, and are refused to another list', async () => {
    const folder = join(root, 'pictures');
    const before = readFileSync(join(folder, 'shard-000001.tar'));
    rmSync(join(folder, 'shard-000000.tar'));
    writeFileSync(join(folder, 'shard-000000.tar.partial-0123'), 'half');
    const made = await makeShards(listOf(pictures), STILLS, folder, { recipe: COPY });
    expect(made).toMatchObject({ shards: 3, found: 2, samples: 4, skipped: 1 });
    expect(readFileSync(join(folder, 'shard-000001.tar')).equals(before)).toBe(true);
    expect(sha256(readFileSync(join(folder, 'shard-000000.tar')))).toBe(TARS[0]);
    expect(
      readdirSync(folder).filter((name) => name.includes('partial') || name === 'lock'),
    ).toEqual([]);
    const other = { ...COPY, clipsPerShard: 3 };
    await expect(makeShards(listOf(pictures), STILLS, folder, { recipe: other })).rejects.toThrow(
      /made of another list or in another way; got clipsPerShard 2, expected clipsPerShard 3/,
    );
  });

  it.each(WAYS)(
    'are decoded in place by %s, parts of videos as clips of their own',
    async (name) => {
      const videos = join(root, 'videos');
      const [whole, part] = ['a.mp4', 'b.mp4'] as const;
      await writeTestVideo(join(videos, whole), 20, 1);
      await writeTestVideo(join(videos, part), 40, 2);
      const records: ClipRecord[] = [
        { id: whole, video: whole, captions: ['whole'] },
        { id: 'part', video: part, part: { first: 10, count: 12 }, captions: ['part'] },
      ];
      const folder = join(root, `of ${name}`);
      await makeShards(listOf(records), videos, folder, {
        recipe: { content: 'video', clipsPerShard: 9, size: 48, quality: 10 },
      });
      const { records: stored } = await readClipList(listFile(folder), expect.fail);
      const backend = await videoBackend(name);
      const counts: number[] = [];
      for (const record of stored) {
        using reader = await backend.open(await videoInRoot(folder, record));
        const { frameCount, width, height, codec } = reader.info;
        expect([width, height, codec]).toEqual([48, 48, 'h264']);
        expect(reader.frameTimes).toHaveLength(frameCount);
        counts.push(frameCount);
      }
      expect(counts).toEqual([20, 12]);
      // What is seen is what was there, nearer to it than to the other clip.
      const sampling = { frames: 4, size: 48, rule: { name: 'dense', stride: 2 } } as const;
      const [own, theirs] = await Promise.all(
        [
          { root: folder, records: stored },
          { root: videos, records },
        ].map(async (source) => {
          await using reader = await ClipReader.open({ ...source, sampling, backend: name });
          return await Promise.all(source.records.map((record) => reader.readClip(record)));
        }),
      );
      const far = (a: number, b: number): number => {
        const [one, other] = [own?.[a]?.video, theirs?.[b]?.video];
        if (one === undefined || other === undefined) return Number.NaN;
        return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0);
      };
      expect(far(0, 0)).toBeLessThan(far(0, 1) / 2);
      expect(far(1, 1)).toBeLessThan(far(1, 0) / 2);
    },
  );
});

describe('shards of frames that are pictures', () => {
  const video = 'c.mp4';
  const sampling = { frames: 4, size: 32, rule: { name: 'dense', stride: 2 } } as const;
  const recipe = { content: 'jpeg', clipsPerShard: 9, size: 48, quality: 2, rate: 6 } as const;
  const made = async (name: string, more: object = {}, own: Partial<ClipRecord> = {}) => {
    await writeTestVideo(join(root, 'pictured', video), 24, 3); // 12 frames a second
    const folder = join(root, name);
    const list = listOf([{ id: 'c', video, captions: ['c'], label: '1', ...own }]);
    await makeShards(list, join(root, 'pictured'), folder, { recipe: { ...recipe, ...more } });
    return { folder, records: (await readClipList(listFile(folder), expect.fail)).records };
  };
  /** All frames of the first clip, as they are. */
  const framesOf = async (folder: string, record: ClipRecord, name: (typeof WAYS)[number]) => {
    using reader = await (await videoBackend(name)).open(await videoInRoot(folder, record));
    const { width, height, frameCount } = reader.info;
    const indices = Array.from({ length: frameCount }, (_, i) => i);
    const size = { width, height };
    const all = { indices, crop: { x: 0, y: 0, ...size }, size, flip: false };
    return { reader, data: (await reader.read(all)).data };
  };

  it('are one clip in tars of others, too, which say more of a member before its header and have folders between', async () => {
    const { folder, records } = await made('before');
    const tar = join(folder, 'shard-000000.tar');
    const bytes = readFileSync(tar);
    const about = Buffer.alloc(512);
    about.write('20 mtime=1700000000\n');
    const parts: Buffer[] = [];
    for await (const { offset, bytes: size } of tarMembers(tar)) {
      const own = bytes.subarray(offset - 512, offset + 512 * Math.ceil(size / 512));
      const inner = foreignHeader('inner', 0, [[156, '5']]);
      parts.push(inner, foreignHeader('about', 20, [[156, 'x']]), about, own);
    }
    const others = join(root, 'of-others');
    mkdirSync(others);
    writeFileSync(join(others, 'a.tar'), Buffer.concat([...parts, Buffer.alloc(1024)]));
    await indexShards(others);
    const { records: found } = await readClipList(listFile(others), expect.fail);
    const [mine, theirs] = [records[0], found[0]] as [ClipRecord, ClipRecord];
    expect([found.length, theirs.member?.pictures?.count]).toEqual([1, 12]);
    const frames = await framesOf(folder, mine, 'node-av');
    expect((await framesOf(others, theirs, 'node-av')).data).toEqual(frames.data);
  });

  it('have a member for each frame, at the rate that is asked for, and one record for all', async () => {
    const { folder, records } = await made('jpegs');
    const names: string[] = [];
    for await (const { name } of tarMembers(join(folder, 'shard-000000.tar'))) names.push(name);
    const frame = (i: number): string => `000000000.000000${i.toString(16)}.jpg`;
    expect(names.slice(0, 2)).toEqual([frame(0), frame(1)]);
    expect(names.slice(-2)).toEqual(['000000000.json', '000000000.txt']);
    expect(records).toHaveLength(1);
    const [record] = records as [ClipRecord];
    expect(record).toMatchObject({ video: `shard-000000.tar/${frame(0)}`, label: '1' });
    expect(record.member?.pictures).toEqual({ count: 12, rate: 6 });
    const facts = await checkDataSet({ records, root: folder }, { workers: 1, decodeAll: true });
    expect(facts.videos).toMatchObject([
      {
        faults: [],
        seconds: expect.closeTo(2, 3),
        info: { width: 48, codec: 'mjpeg', frameCount: 12 },
      },
    ]);
  });

  it.each(WAYS)('are read by %s as the frames that the video has then', async (name) => {
    const { folder, records } = await made('pngs', { content: 'png', size: 64 });
    const [record] = records as [ClipRecord];
    const { reader, data } = await framesOf(folder, record, name);
    expect(reader.frameTimes[3]).toBe(500_000);
    using whole = await (await videoBackend(name)).open(join(root, 'pictured', video));
    const { width, height } = whole.info;
    const size = { width, height };
    const indices = Array.from({ length: 12 }, (_, i) => 2 * i);
    const request = { indices, crop: { x: 0, y: 0, ...size }, size, flip: false };
    expect(Buffer.from(data).equals((await whole.read(request)).data)).toBe(true);
  });

  it.skipIf(!hasFfmpeg)(
    'are the same to both decoders, cropped and mirrored in training',
    async () => {
      const { folder, records } = await made('jpegs');
      const [one, other] = await Promise.all(
        WAYS.map(async (backend) => {
          const training = { ...sampling, crop: 'random-resized', flip: true } as const;
          const common = { root: folder, records, seed: 1, batchSize: 1, backend };
          await using loader = await ClipLoader.open({ ...common, sampling: training });
          return [await loader.next(), await loader.next()];
        }),
      );
      expect(one?.map(({ video: pixels }) => pixels)).toEqual(
        other?.map(({ video: pixels }) => pixels),
      );
    },
  );

  it('stand in for a frame that is damaged, and are refused where the index says otherwise', async () => {
    const { folder, records } = await made('damaged', { content: 'png' });
    const [record] = records as [ClipRecord];
    const place = await videoInRoot(folder, record);
    if (typeof place === 'string' || place.pictures === undefined) return expect.unreachable();
    const tar = join(folder, 'shard-000000.tar');
    const bytes = readFileSync(tar);
    const { offset } = place.pictures.places[5] ?? { offset: 0 };
    bytes[offset + 40] = (bytes[offset + 40] ?? 0) ^ 1;
    writeFileSync(tar, bytes);
    const { reader } = await framesOf(folder, record, 'node-av');
    const { width, height } = reader.info;
    const small = {
      crop: { x: 0, y: 0, width, height },
      size: { width: 8, height: 8 },
      flip: false,
    };
    expect((await reader.read({ indices: [4, 5, 6], ...small })).indices).toEqual([4, 4, 6]);
    const { member } = record;
    if (member === undefined) return expect.unreachable();
    for (const count of [11, 13]) {
      const told = { ...record, member: { ...member, pictures: { count } } };
      await expect(videoInRoot(folder, told)).rejects.toThrow(/and it does not lie there/);
    }
  });
});

it('frames of a lower rate are those that are shown at its times', () => {
  const times = (...seconds: number[]) => Float64Array.from(seconds, (each) => each * 1e6);
  const all = { first: 0, count: 6 };
  const even = times(0, 0.1, 0.2, 0.3, 0.4, 0.5);
  expect(framesAt(even, all)).toEqual({ indices: [0, 1, 2, 3, 4, 5], rate: 10 });
  expect(framesAt(even, all, 20).indices).toHaveLength(6);
  expect(framesAt(even, all, 5)).toEqual({ indices: [0, 2, 4], rate: 5 });
  expect(framesAt(even, { first: 1, count: 4 }, 4)).toEqual({ indices: [1, 3], rate: 4 });
  // A frame that is shown for long is there more than once.
  expect(framesAt(times(0, 0.02, 0.04, 0.06, 0.08, 0.5), all, 8).indices).toEqual([0, 4, 4, 4, 5]);
  expect(framesAt(new Float64Array(0), all, 12.5)).toEqual({ indices: [0, 2, 4], rate: 12.5 });
});

describe('tars of others', () => {
  it('get an index: those of the webdataset package, and of GNU with long names', async () => {
    const folder = join(root, 'foreign');
    cpSync(FIXTURES, folder, { recursive: true });
    const { shards, samples, withoutClip } = await indexShards(folder);
    expect({ shards, samples, withoutClip }).toEqual({ shards: 2, samples: 3, withoutClip: 1 });
    const { records } = await readClipList(listFile(folder), expect.fail);
    expect(records.map(({ video, member, ...rest }) => [video, rest])).toEqual([
      [
        `gnu.tar/clips/${'n'.repeat(120)}.webp`,
        { id: expect.any(String), captions: ['long', 'longer'], labels: { verb: 'be' } },
      ],
      [
        'webdataset.tar/a/0001.png',
        { id: expect.any(String), captions: ['a picture'], label: '3' },
      ],
      ['webdataset.tar/a/0002.jpg', { id: expect.any(String), captions: ['grey'], label: 'x' }],
    ]);
    const digests = records.map(({ member }) => member?.sha256);
    expect(digests).toEqual(
      ['alpha.webp', 'plain.png', 'grey.jpg'].map((name) =>
        sha256(readFileSync(join(STILLS, name))),
      ),
    );
    const { videos } = await checkDataSet(
      { records, root: folder },
      { workers: 1, decodeAll: true },
    );
    expect(videos.map(({ faults }) => faults)).toEqual([[], [], []]);
  });

  it('are held to their index: a member that moved is refused, one that changed is told', async () => {
    const folder = join(root, 'foreign');
    const { records } = await readClipList(listFile(folder), expect.fail);
    const [, png, jpeg] = records as [ClipRecord, ClipRecord, ClipRecord];
    const path = join(folder, 'webdataset.tar');
    const bytes = readFileSync(path);
    const changeLast = ({ member }: ClipRecord, before = 0): number => {
      const last = (member?.offset ?? 0) + (member?.bytes ?? 0) - 1 - before;
      bytes[last] = (bytes[last] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      return last;
    };
    const sampling = { frames: 1, size: 8, rule: { name: 'dense', stride: 1 } } as const;
    const opened = () => ClipReader.open({ root: folder, records, sampling });
    {
      await using reader = await opened();
      await reader.readClip(jpeg);
      changeLast(jpeg, 2); // the entropy-coded data of a JPEG may say anything
      await reader.readClip(jpeg); // its bytes were held to the digest before, once
    }
    const last = changeLast(png);
    {
      await using reader = await opened();
      for (const [name, record] of Object.entries({ '0001.png': png, '0002.jpg': jpeg })) {
        await expect(reader.readClip(record)).rejects.toThrow(
          new RegExp(
            `^webdataset.tar/a/${name}: its bytes have changed since the index of the shards was made; got SHA-256 [0-9a-f]{12}, expected ${record.member?.sha256.slice(0, 12)}. Make the shard again`,
          ),
        );
      }
    }
    const { videos } = await checkDataSet(
      { records: [png], root: folder },
      { workers: 1, decodeAll: false },
    );
    expect(videos[0]?.faults.join()).toMatch(/its bytes have changed since the index/);
    const moved = { ...png, member: { offset: 1024, bytes: 130, sha256: 'ab'.repeat(32) } };
    await expect(videoInRoot(folder, moved)).rejects.toThrow(/and it does not lie there/);
    truncateSync(path, last);
    await expect(videoInRoot(folder, png)).rejects.toThrow(/and it does not lie there/);
    await expect(indexShards(folder)).rejects.toThrow(/the tar is cut off/);
    const outside = { ...png, video: '../pictures/shard-000000.tar/000000000.png' };
    await expect(videoInRoot(folder, outside)).rejects.toThrow(/leads out of the data folder/);
  });
});

it.each(WAYS)(
  'a clip that %s encodes has all its frames, and a key frame a second',
  async (name) => {
    const file = join(root, `${name}.mp4`);
    const shape = { width: 32, height: 48, framesPerSecond: 4.995 };
    {
      await using writer = (await clipWriters(name))(file, shape, 20);
      for (let i = 0; i < 21; i++) await writer.add(new Uint8Array(32 * 48 * 3).fill(10 * i));
      await writer.finish();
    }
    using reader = await (await videoBackend('node-av')).open(file);
    expect(reader.info).toMatchObject({ frameCount: 21, width: 32, height: 48 });
    expect((reader.frameTimes[20] ?? 0) / 1e6).toBeCloseTo(20 / 4.995, 2);
    const size = { width: 32, height: 48 };
    const crop = { x: 0, y: 0, ...size };
    const { data, decodedFrames } = await reader.read({ indices: [19], crop, size, flip: false });
    expect(decodedFrames).toBeLessThanOrEqual(5);
    expect(Math.abs((data[0] ?? 0) - 190)).toBeLessThan(6);
  },
);

it('an encoded clip has even sides and is never enlarged', () => {
  expect(encodedSize({ width: 1920, height: 1080 }, 256)).toEqual({ width: 456, height: 256 });
  expect(encodedSize({ width: 161, height: 121 }, 256)).toEqual({ width: 160, height: 120 });
  expect(encodedSize({ width: 1, height: 4000 }, 64)).toEqual({ width: 2, height: 4000 });
});

function clipOf(parts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parts).filter(([ending]) => !/json|txt/.test(ending)));
}

function keyOf(video: string): string {
  return /\/(\d+)\./.exec(video)?.[1] ?? '';
}

/** A header as some writer made it: fields of ours replaced, and the checksum made again. */
function foreignHeader(name: string, bytes: number, fields: readonly [number, string][]): Buffer {
  const block = Buffer.from(tarHeader(name, bytes));
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Tars of one sample each, by the bytes of its parts. */
function foreignTar(
  parts: readonly { readonly headers: readonly Buffer[]; readonly bytes: Buffer }[],
): Buffer {
  const padded = (bytes: Buffer): Buffer[] => [
    bytes,
    Buffer.alloc(Math.ceil(bytes.length / 512) * 512 - bytes.length),
  ];
  return Buffer.concat([
    ...parts.flatMap(({ headers, bytes }) => [...headers, ...padded(bytes)]),
    Buffer.alloc(1024),
  ]);
}

describe('tars that others write in other ways', () => {
  const png = readFileSync(join(STILLS, 'plain.png'));

  it('are read in place where names are not ASCII, or stand in two fields', async () => {
    const folder = await mkdtemp(join(root, 'names-'));
    const told = (text: string): Buffer => {
      const line = ` path=${text}\n`;
      const bytes = Buffer.byteLength(line) + 2;
      const record = Buffer.from(`${bytes}${line}`);
      return foreignTar([
        { headers: [foreignHeader('pax', record.length, [[156, 'x']])], bytes: record },
      ]).subarray(0, 1024);
    };
    // What Python's tarfile writes in the field of a name that is not ASCII.
    writeFileSync(
      join(folder, 'pax.tar'),
      foreignTar([
        { headers: [told('größe.png'), foreignHeader('gr??e.png', png.length, [])], bytes: png },
      ]),
    );
    const long = `${'n'.repeat(90)}.png`;
    writeFileSync(
      join(folder, 'prefix.tar'),
      foreignTar([
        { headers: [foreignHeader(long, png.length, [[345, 'p'.repeat(60)]])], bytes: png },
      ]),
    );
    await indexShards(folder);
    const { records } = await readClipList(listFile(folder), expect.fail);
    expect(records.map(({ video }) => video)).toEqual([
      'pax.tar/größe.png',
      `prefix.tar/${'p'.repeat(60)}/${long}`,
    ]);
    for (const record of records) {
      const path = await videoInRoot(folder, record);
      expect((await readVideo(path, 2 ** 20)).equals(png)).toBe(true);
    }
  });

  it('keep what others wrote beside them, and of a class and of several labels the several', async () => {
    const folder = await mkdtemp(join(root, 'labels-'));
    mkdirSync(join(folder, '.nv-meta'));
    writeFileSync(join(folder, '.nv-meta', 'split.yaml'), 'theirs');
    const part = (name: string, text: string | Buffer) => {
      const bytes = Buffer.from(text);
      return { headers: [foreignHeader(name, bytes.length, [])], bytes };
    };
    writeFileSync(
      join(folder, 'a.tar'),
      foreignTar([
        part('a.png', png),
        part('a.cls', '3'),
        part('a.json', '{"labels": {"verb": "open"}}'),
        part('b.png', png),
        part('b.cls', ' 3\n'),
      ]),
    );
    await indexShards(folder);
    expect(readdirSync(join(folder, '.nv-meta'))).toEqual(['split.yaml']);
    const { records } = await readClipList(listFile(folder), expect.fail);
    expect(records.map(({ label, labels }) => label ?? labels)).toEqual([{ verb: 'open' }, '3']);
  });
});

it('a clip whose captions no scan could read is left out of its shard', async () => {
  const captions = Array.from({ length: 100 }, (_, i) => `${i}${'x'.repeat(4000)}`);
  const records = [{ id: 'a', video: 'plain.png', captions }];
  const problems: string[] = [];
  const made = await makeShards(listOf(records), STILLS, join(root, 'long'), {
    recipe: COPY,
    onProblem: ({ reason }) => problems.push(reason),
  });
  expect(made).toMatchObject({ samples: 0, skipped: 1 });
  expect(problems[0]).toContain('too long for a shard');
});
