import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built } from '../../core/testing/built.js';
import { capable } from '../../core/testing/capability.js';
import { LacunaError } from '../../spec/errors.js';
import { SHARED_DATA, SHARED_FILES } from '../testing/shared-data.js';
import { writeBrokenVideos, writeTestVideo } from '../testing/test-videos.js';
import { dataRootOf, fileInRoot } from './data-root.js';
import { filterChain } from './filter-chain.js';
import { videoBackend } from './video-backend.js';
import type { FrameRequest, Frames, VideoBackend, VideoInfo } from './video-reader.js';

const nodeAv = await videoBackend('node-av');
const ffmpeg = await videoBackend('ffmpeg').catch(() => undefined);
const BACKENDS = ffmpeg === undefined ? [nodeAv] : [nodeAv, ffmpeg];
const hasFfmpeg = capable('ffmpeg', ffmpeg === undefined ? 'it is not installed' : undefined);
const needsFfmpeg = !hasFfmpeg ? ' (skipped: ffmpeg is not installed)' : '';
const needsData = SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : '';

const SIZE = { width: 64, height: 48 };

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-video-'));
  await writeTestVideo(join(folder, 'good.mp4'), 61, 1);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function request(info: VideoInfo, indices: readonly number[], flip = false): FrameRequest {
  const width = Math.max(1, info.width - 3);
  const crop = { x: Math.min(1, info.width - width), y: 0, width, height: info.height };
  return { indices, crop, size: SIZE, flip };
}

async function readFrames(
  backend: VideoBackend,
  path: string,
  indicesOf: (info: VideoInfo) => readonly number[],
  flip = false,
): Promise<Frames & { info: VideoInfo }> {
  const reader = await backend.open(path);
  try {
    const frames = await reader.read(request(reader.info, indicesOf(reader.info), flip));
    return { ...frames, info: reader.info };
  } finally {
    reader[Symbol.dispose]();
  }
}

function everyIndex({ frameCount }: VideoInfo): readonly number[] {
  return Array.from({ length: frameCount }, (_, i) => i);
}

describe.each(BACKENDS)('the backend $name', (backend) => {
  it('gives frames in any order, with repeats, as it gives them one by one', async () => {
    const path = join(folder, 'good.mp4');
    const all = await readFrames(backend, path, everyIndex);
    expect(all.info).toMatchObject({ codec: 'h264', width: 64, height: 64, frameCount: 61 });
    const bytes = SIZE.width * SIZE.height * 3;
    expect(all.data.length).toBe(61 * bytes);
    const some = [60, 7, 7, 0, 33];
    const few = await readFrames(backend, path, () => some);
    expect(few.indices).toEqual(some);
    for (const [t, i] of some.entries()) {
      const frame = few.data.subarray(t * bytes, (t + 1) * bytes);
      expect(
        Buffer.compare(frame, all.data.subarray(i * bytes, (i + 1) * bytes)),
        `frame ${i}`,
      ).toBe(0);
    }
  });

  it('mirrors left and right on request', async () => {
    const path = join(folder, 'good.mp4');
    const plain = await readFrames(backend, path, () => [5]);
    const flipped = await readFrames(backend, path, () => [5], true);
    const mirrored = plain.data.slice();
    for (let y = 0; y < SIZE.height; y++) {
      for (let x = 0; x < SIZE.width; x++) {
        const from = 3 * (y * SIZE.width + SIZE.width - 1 - x);
        mirrored.set(plain.data.subarray(from, from + 3), 3 * (y * SIZE.width + x));
      }
    }
    expect(Buffer.compare(flipped.data, mirrored)).toBe(0);
    expect(Buffer.compare(flipped.data, plain.data)).not.toBe(0);
  });

  it('repeats the last reachable frame for indices beyond the end, and refuses when none is left', async () => {
    const path = join(folder, 'good.mp4');
    const frames = await readFrames(backend, path, () => [58, 62, 60, 99]);
    expect(frames.indices).toEqual([58, 60, 60, 60]);
    await expect(readFrames(backend, path, () => [61, 80])).rejects.toThrow(
      /good.mp4: none of the frames asked for decodes/,
    );
  });

  it('ends each broken file with a sentence that names it', async () => {
    const names = writeBrokenVideos(join(folder, 'broken'));
    for (const name of names) {
      const path = join(folder, 'broken', name);
      const error = await readFrames(backend, path, () => [0]).catch((thrown: unknown) => thrown);
      expect(error, name).toBeInstanceOf(LacunaError);
      expect(String(error)).toContain(name);
    }
    await expect(backend.open(join(folder, 'absent.mp4'))).rejects.toThrow(/ENOENT/);
    await expect(backend.open(folder)).rejects.toThrow(/not an ordinary file/);
  });

  it('refuses huge frames before it makes room for them', async () => {
    writeBrokenVideos(join(folder, 'broken'));
    const before = process.memoryUsage().rss;
    // The programs are told the limit, and then see no frame at all.
    await expect(backend.open(join(folder, 'broken', 'huge.gif'))).rejects.toThrow(
      /frames are too large; got 65535 x 65535|no frame can be decoded/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });

  it('cuts a truncated file short instead of failing', async () => {
    await writeTestVideo(join(folder, 'whole.mkv'), 61, 2);
    const bytes = readFileSync(join(folder, 'whole.mkv'));
    writeFileSync(join(folder, 'cut.mkv'), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const cut = await readFrames(backend, join(folder, 'cut.mkv'), () => [0, 5, 60]);
    expect(cut.info.frameCount).toBeLessThan(60);
    expect(cut.info.frameCount).toBeGreaterThan(6);
    expect(cut.indices).toEqual([0, 5, 5]);
  });

  it.each([
    { crop: { x: 0, y: 0, width: 65, height: 64 } },
    { crop: { x: -1, y: 0, width: 5, height: 5 } },
    { crop: { x: 0.5, y: 0, width: 5, height: 5 } },
    { crop: { x: 0, y: 0, width: 0, height: 5 } },
    { size: { width: 0, height: 4 } },
    { size: { width: 2 ** 15, height: 2 ** 15 } },
    { indices: [] },
    { indices: [-1] },
    { indices: [1.5] },
  ])('refuses the request %j', async (change) => {
    const reader = await backend.open(join(folder, 'good.mp4'));
    const wrong = { ...request(reader.info, [0]), ...change };
    await expect(reader.read(wrong)).rejects.toThrow(LacunaError);
    reader[Symbol.dispose]();
  });
});

describe.skipIf(!hasFfmpeg)(`a crop of 4:2:0${needsFfmpeg}`, () => {
  it.each([
    [64, 64, 64, 64],
    [64, 64, 60, 64],
    [64, 64, 64, 60],
    [56, 48, 112, 48],
    [61, 33, 61, 33],
    [61, 33, 40, 33],
    [61, 33, 61, 34],
  ])('of %i x %i is the same %i x %i by both backends', async (width, height, w, h) => {
    if (ffmpeg === undefined) throw new Error('not reached');
    const crop = { x: 64 - width, y: (64 - height) >> 1, width, height };
    const wanted = { indices: [7], crop, size: { width: w, height: h }, flip: false };
    const [one, other] = await Promise.all(
      [nodeAv, ffmpeg].map(async (backend) => {
        using reader = await backend.open(join(folder, 'good.mp4'));
        return (await reader.read(wanted)).data;
      }),
    );
    expect(Buffer.compare(one ?? Buffer.alloc(0), other ?? Buffer.alloc(1))).toBe(0);
  });
});

describe('the choice of a backend', () => {
  it('tells what to install when the programs are not there', async () => {
    const { PATH } = process.env;
    process.env.PATH = folder;
    try {
      await expect(videoBackend('ffmpeg')).rejects.toThrow(/ffmpeg is not there.*Install FFmpeg/);
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('tells so before any video is opened where nothing decodes', () => {
    const script = `import { videoBackend } from ${JSON.stringify(pathToFileURL(built('data/video/video-backend.ts')).href)};
await videoBackend('auto').then(({ name }) => console.log(name), ({ message }) => console.log(message));`;
    const loader = `export const resolve = (name, context, next) => {
  if (name.startsWith('node-av')) throw Object.assign(new Error('missing'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
};`;
    const register = `import { register } from 'node:module';
register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(loader)}`)});`;
    const preload = `data:text/javascript,${encodeURIComponent(register)}`;
    const told = execFileSync(
      process.execPath,
      ['--import', preload, '--input-type=module', '--eval', script],
      { env: { ...process.env, PATH: folder }, encoding: 'utf8' },
    );
    expect(told).toMatch(/^no video can be decoded here: .*, and .*npm install node-av/);
  });
});

describe('fileInRoot', () => {
  it('refuses a file outside of the folder, also by way of a link', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'lacuna-outside-'));
    writeFileSync(join(outside, 'a.mp4'), 'x');
    symlinkSync(join(outside, 'a.mp4'), join(folder, 'link.mp4'));
    await expect(fileInRoot(folder, 'link.mp4')).rejects.toThrow(/leads out of the data folder/);
    await expect(fileInRoot(folder, '../')).rejects.toThrow(/leads out of the data folder/);
    await expect(fileInRoot(folder, '.')).rejects.toThrow(/leads out of the data folder/);
    expect(await fileInRoot(folder, 'good.mp4')).toContain('good.mp4');
    await expect(fileInRoot(folder, 'link.mp4')).rejects.toThrow(/--follow-links/);
    const linked = dataRootOf(folder, true);
    expect(await fileInRoot(linked, 'link.mp4')).toBe(await realpath(join(outside, 'a.mp4')));
    const beside = join('..', basename(outside), 'a.mp4');
    await expect(fileInRoot(linked, beside)).rejects.toThrow(/leads out of the data folder/);
    await expect(fileInRoot(linked, '.')).rejects.toThrow(/leads out of the data folder/);
    rmSync(outside, { recursive: true });
  });
});

describe.skipIf(SHARED_DATA === undefined)(`the shared real videos${needsData}`, () => {
  const root = SHARED_DATA ?? '';
  const readable = SHARED_FILES.filter(({ frames }) => frames > 0);
  const refused = SHARED_FILES.filter(({ frames }) => frames === 0);

  it.each(refused)('$file is refused with a sentence', async ({ file }) => {
    for (const backend of BACKENDS) {
      const error = await readFrames(backend, join(root, file), everyIndex).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(LacunaError);
      expect(String(error)).not.toMatch(/\n/);
    }
  });

  it.each(readable)(
    '$file decodes to $frames frames, the same from a key frame as from the start',
    async ({ file, frames, rotation, ...entry }) => {
      const isDamaged = /error/.test(entry.expect ?? '');
      const all = await readFrames(nodeAv, join(root, file), everyIndex);
      const { info } = all;
      expect(info.codec).toBe(entry.codec);
      if (!isDamaged) expect(new Set(all.indices).size).toBe(frames);
      const isTurned = Math.abs(rotation) % 180 === 90;
      expect([info.width, info.height]).toEqual(
        isTurned ? [entry.height, entry.width] : [entry.width, entry.height],
      );
      if (isDamaged) {
        // What a decoder makes of it from the first damage on is not shown, up to the next clean entry.
        const shown = new Set(all.indices);
        expect(shown.size).toBeGreaterThan(1);
        expect(shown.size).toBeLessThan(frames);
        let nearest = 0;
        for (const [i, index] of all.indices.entries()) {
          if (shown.has(i)) nearest = i;
          expect(index).toBe(nearest);
        }
        return;
      }
      expect(info.frameCount).toBe(frames);
      const bytes = SIZE.width * SIZE.height * 3;
      const first = Math.floor((2 * frames) / 3);
      const wanted = [first, Math.min(frames - 1, first + 3)];
      const some = await readFrames(nodeAv, join(root, file), () => wanted);
      expect(some.indices).toEqual(wanted);
      for (const [t, i] of wanted.entries()) {
        const frame = some.data.subarray(t * bytes, (t + 1) * bytes);
        const same = Buffer.compare(frame, all.data.subarray(i * bytes, (i + 1) * bytes)) === 0;
        expect(same, `frame ${i}`).toBe(true);
      }
    },
  );

  it.skipIf(!hasFfmpeg).each(readable.filter(({ expect: end }) => !/error/.test(end ?? '')))(
    `$file gives the same frames by node-av and by ffmpeg${needsFfmpeg}`,
    async ({ file }) => {
      if (ffmpeg === undefined) throw new Error('not reached');
      const some = ({ frameCount: n }: VideoInfo): number[] =>
        [0, 1, n >> 2, n >> 1].map((i) => Math.min(i, n - 1));
      const one = await readFrames(nodeAv, join(root, file), some, true);
      const other = await readFrames(ffmpeg, join(root, file), some, true);
      expect(one.info).toEqual(other.info);
      expect(one.indices).toEqual(other.indices);
      expect(Buffer.compare(one.data, other.data)).toBe(0);
    },
  );

  it.skipIf(!hasFfmpeg).each(readable.filter(({ rotation }) => rotation !== 0))(
    `$file is shown as ffmpeg itself turns it${needsFfmpeg}`,
    async ({ file }) => {
      const reader = await nodeAv.open(join(root, file));
      const { info } = reader;
      const { width, height } = info;
      const crop = { x: 0, y: 0, width, height };
      const size = { width, height };
      const ours = await reader.read({ indices: [0], crop, size, flip: false });
      const chain = filterChain(
        { ...info, orientation: { transposed: false, flipX: false, flipY: false }, stored: size },
        { indices: [0], crop, size, flip: false },
      );
      const args = ['-v', 'error', '-flags', '+bitexact', '-threads', '1', '-i', join(root, file)];
      args.push('-map', '0:V:0', '-vf', chain.join(), '-frames:v', '1', '-f', 'rawvideo', '-');
      const theirs = execFileSync('ffmpeg', args, { maxBuffer: 2 ** 28 });
      // The order of turning and of converting to RGB differs, and with it the chroma's last bits.
      let difference = 0;
      for (const [i, byte] of theirs.entries()) difference += Math.abs(byte - (ours.data[i] ?? 0));
      expect(theirs.length).toBe(ours.data.length);
      expect(difference / theirs.length).toBeLessThan(1);
      reader[Symbol.dispose]();
    },
  );
});
