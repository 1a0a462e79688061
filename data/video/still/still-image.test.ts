import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { capable } from '../../../core/testing/capability.js';
import { shownSize } from '../orientation.js';
import { videoBackend } from '../video-backend.js';
import type { VideoBackend } from '../video-reader.js';
import { exifOrientation } from './exif-orientation.js';
import expected from './fixtures/expected.json' with { type: 'json' };

const FIXTURES = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'lacuna-stills-'));
afterAll(() => rmSync(folder, { recursive: true }));

const nodeAv = await videoBackend('node-av');
const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);
const BACKENDS: readonly VideoBackend[] = ffmpeg === undefined ? [nodeAv] : [nodeAv, ffmpeg];

/** All pixels as shown, `count` times. */
async function pixels(backend: VideoBackend, path: string, count = 1): Promise<Uint8Array> {
  using reader = await backend.open(path);
  const { width, height } = reader.info;
  const size = { width, height };
  const indices = Array.from({ length: count }, (_, i) => 5 * i);
  const crop = { x: 0, y: 0, ...size };
  return (await reader.read({ indices, crop, size, flip: false })).data;
}

function copy(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe.each(BACKENDS)('a still picture by $name', (backend) => {
  it.each(Object.entries(expected))(
    'is what Pillow shows: %s',
    async (name, { width, height, rgb }) => {
      const path = join(FIXTURES, name);
      using reader = await backend.open(path);
      expect(reader.info).toMatchObject({ width, height, frameCount: 1 });
      const want = Buffer.from(rgb, 'base64');
      const got = await pixels(backend, path);
      expect(got).toHaveLength(want.length);
      const apart = got.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (want[i] ?? 0))),
        0,
      );
      // Decoders of JPEG round in other places: T.81 allows each to be off by one before the colours are made.
      expect(apart).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0);
    },
  );

  it('is its one frame at every index, and by its content, not by its name', async () => {
    const path = copy('picture.mp4', readFileSync(join(FIXTURES, 'turned.jpg')));
    const one = await pixels(backend, path);
    const three = await pixels(backend, path, 3);
    expect(three).toEqual(Uint8Array.from([...one, ...one, ...one]));
  });

  it('has nothing of what lies behind it', async () => {
    const [first, second] = ['plain.jpg', 'grey.jpg'].map((name) =>
      readFileSync(join(FIXTURES, name)),
    );
    const path = copy(
      'two.jpg',
      Buffer.concat([first ?? Buffer.alloc(0), second ?? Buffer.alloc(0)]),
    );
    expect(await pixels(backend, path)).toEqual(await pixels(backend, join(FIXTURES, 'plain.jpg')));
  });
});

it.skipIf(!hasFfmpeg)(
  'both decoders give the same pixels, cropped, scaled and mirrored',
  async () => {
    for (const name of Object.keys(expected)) {
      const found = await Promise.all(
        BACKENDS.map(async (backend) => {
          using reader = await backend.open(join(FIXTURES, name));
          const request = { indices: [0], crop: { x: 1, y: 2, width: 11, height: 9 }, flip: true };
          const larger = await reader.read({ ...request, size: { width: 16, height: 9 } });
          const smaller = await reader.read({ ...request, size: { width: 5, height: 7 } });
          return [larger.data, smaller.data];
        }),
      );
      expect([name, found[0]]).toEqual([name, found[1]]);
    }
  },
);

describe('what is no whole still picture is refused in a sentence', () => {
  it.each(['moving.png', 'moving.webp'])('an animated one: %s', async (name) => {
    await expect(nodeAv.open(join(FIXTURES, name))).rejects.toThrow(
      /picture cannot be read; got it is animated/,
    );
  });

  const names = readdirSync(FIXTURES).filter((name) => /^plain|^alpha\.webp|^turned/.test(name));
  it.each(names)('one that is cut off anywhere: %s', async (name) => {
    const whole = readFileSync(join(FIXTURES, name));
    const all = await pixels(nodeAv, join(FIXTURES, name));
    const cut = fc.asyncProperty(fc.integer({ min: 16, max: whole.length - 1 }), async (length) => {
      const path = copy(`cut-${name}`, whole.subarray(0, length));
      await expect(pixels(nodeAv, path)).rejects.toThrow(/cannot be read|header/);
    });
    await fc.assert(cut, { numRuns: 40 });
    expect(all.length).toBeGreaterThan(0);
  });

  const size = (width: number, height: number): Buffer => {
    const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    return header;
  };
  const png = (header: Buffer, data: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      ...[chunk('IHDR', header), chunk('IDAT', deflateSync(data)), chunk('IEND', Buffer.alloc(0))],
    ]);

  it.each([
    [
      'more pixels than are held',
      png(size(60_000, 60_000), Buffer.alloc(4)),
      /frames are too large/,
    ],
    ['no pixels', png(size(0, 4), Buffer.alloc(4)), /no frame size/],
    [
      'samples of 255 bits',
      png(size(4, 4).fill(255, 8, 9), Buffer.alloc(52)),
      /no header of a PNG/,
    ],
    ['rows that are missing', png(size(4, 4), Buffer.alloc(13)), /some of its rows are missing/],
    ['far more than its rows', png(size(4, 4), Buffer.alloc(2 ** 20)), /cannot be unpacked/],
    ['a wrong checksum', png(size(4, 4), Buffer.alloc(52)).fill(7, 45, 46), /checksum/],
  ])('a PNG of %s', async (_, bytes, message) => {
    await expect(nodeAv.open(copy('bad.png', bytes))).rejects.toThrow(message);
  });

  it('the same PNG with all its rows is read', async () => {
    expect(await pixels(nodeAv, copy('good.png', png(size(4, 4), Buffer.alloc(52))))).toEqual(
      new Uint8Array(48),
    );
  });
});

describe('the orientation of EXIF', () => {
  const exif = (isLittle: boolean, value: number): Buffer => {
    const bytes = Buffer.alloc(26);
    bytes.write(isLittle ? 'II' : 'MM', 'latin1');
    const put = (at: number, number: number): void => {
      if (isLittle) bytes.writeUInt16LE(number, at);
      else bytes.writeUInt16BE(number, at);
    };
    put(2, 42);
    put(isLittle ? 4 : 6, 8);
    put(8, 1);
    [0x0112, 3].forEach((number, i) => {
      put(10 + 2 * i, number);
    });
    put(isLittle ? 14 : 16, 1);
    put(18, value);
    return bytes;
  };

  // EXIF 2.32, tag 274: which side of what is shown the first row and the first column of the file are.
  it.each([
    [1, 'top', 'left'],
    [2, 'top', 'right'],
    [3, 'bottom', 'right'],
    [4, 'bottom', 'left'],
    [5, 'left', 'top'],
    [6, 'right', 'top'],
    [7, 'right', 'bottom'],
    [8, 'left', 'bottom'],
  ])('%i: the first row is shown at the %s, the first column at the %s', (value, row, column) => {
    for (const isLittle of [true, false]) {
      const { transposed, flipX, flipY } = exifOrientation(exif(isLittle, value));
      const vertical = flipY ? 'bottom' : 'top';
      const horizontal = flipX ? 'right' : 'left';
      expect([row, column]).toEqual(transposed ? [horizontal, vertical] : [vertical, horizontal]);
      expect(shownSize({ width: 3, height: 2 }, { transposed, flipX, flipY }).width).toBe(
        transposed ? 2 : 3,
      );
    }
  });

  it('is upright where the data are damaged, and reads nothing beyond them', () => {
    const upright = { transposed: false, flipX: false, flipY: false };
    expect(exifOrientation(exif(true, 9))).toEqual(upright);
    expect(exifOrientation(Buffer.from('II*\0\xff\xff\xff\xff', 'latin1'))).toEqual(upright);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isLittle) => {
        exifOrientation(Buffer.concat([exif(isLittle, 6).subarray(0, 10), bytes]));
        exifOrientation(Buffer.from(bytes));
      }),
    );
  });
});

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
