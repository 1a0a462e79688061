import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { built } from '../../core/testing/built.js';
import { IndexCache } from './index-cache.js';
import { IndexFolder } from './index-folder.js';
import type { StoredIndex } from './stored-index.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const SIZE = { width: 64, height: 48 };
const ORIENTATION = { transposed: false, flipX: false, flipY: false };
const INFO = { ...SIZE, codec: 'h264', container: 'mov', stored: SIZE, orientation: ORIENTATION };

function indexOf(frameCount: number): StoredIndex {
  const times = Float64Array.of(7, Number.NaN, -3, 2 ** 40);
  return { info: { ...INFO, frameCount }, columns: { times, none: new Float64Array(0) } };
}

let parent: string;
const folder = (): string => join(parent, 'video-indices');
const files = (): string[] => readdirSync(folder()).map((name) => join(folder(), name));
const only = (): string => files()[0] ?? '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'lacuna-indices-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('a folder of indices', () => {
  it('gives back what was written, to another process too, and for no other state or reader', async () => {
    await new IndexFolder('a', parent).write('state', indexOf(3));
    const later = new IndexFolder('a', parent);
    expect(await later.read('state')).toEqual(indexOf(3));
    expect(await later.read('another')).toBeUndefined();
    expect(await new IndexFolder('b', parent).read('state')).toBeUndefined();
  });

  it.each([
    ['is cut', (path: string) => truncateSync(path, 200)],
    ['is empty', (path: string) => truncateSync(path, 0)],
    ['has another letter', (path: string) => flip(path)],
    ['is too long', (path: string) => truncateSync(path, 2 ** 25 + 1)],
    [
      'is a link to one that is whole',
      (path: string) => {
        copyFileSync(path, join(parent, 'elsewhere'));
        rmSync(path);
        symlinkSync(join(parent, 'elsewhere'), path);
      },
    ],
    [
      'is a folder',
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('has none where its file %s, and writes it anew', async (what, change) => {
    const indices = new IndexFolder('a', parent);
    await indices.write('state', indexOf(3));
    change(only());
    expect(await indices.read('state')).toBeUndefined();
    await indices.write('state', indexOf(4));
    // What lies in a file's place and is none stays as it is.
    const found = await new IndexFolder('a', parent).read('state');
    expect(found?.info.frameCount).toBe(what === 'is a folder' ? undefined : 4);
  });

  it('refuses what no index has, though its seal is right', async () => {
    const indices = new IndexFolder('a', parent);
    const wrong = { ...INFO, frameCount: 2 ** 21 };
    await indices.write('state', { info: wrong, columns: {} });
    expect(files()).toHaveLength(1);
    expect(await indices.read('state')).toBeUndefined();
  });

  it('lets the oldest go where there is no room', async () => {
    const limits = { maxBytes: 3 * 4096, writesBetweenCounts: 1 };
    const indices = new IndexFolder('a', parent, limits);
    for (let i = 0; i < 6; i++) {
      await indices.write(`state ${i}`, indexOf(i + 1));
      for (const path of files()) utimesSync(path, 1e9, 1e9 + writtenAs(path));
    }
    const left = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => indices.read(`state ${i}`)));
    expect(left.map((each) => each?.info.frameCount)).toEqual([
      ...[undefined, undefined, 3, 4, 5, 6],
    ]);
  });

  it('is not used where it is a link, or there is none, or it cannot be made', async () => {
    mkdirSync(join(parent, 'real'));
    symlinkSync(join(parent, 'real'), folder());
    const linked = new IndexFolder('a', parent);
    await linked.write('state', indexOf(3));
    expect(readdirSync(join(parent, 'real'))).toEqual([]);
    writeFileSync(join(parent, 'file'), '');
    for (const none of [
      new IndexFolder('a', undefined),
      new IndexFolder('a', join(parent, 'file')),
    ]) {
      await none.write('state', indexOf(3));
      expect(await none.read('state')).toBeUndefined();
    }
  });
});

describe('a cache of indices', () => {
  const video = (): string => join(parent, 'video');
  const settled = 2100;
  let made = 0;
  const cacheOf = (): IndexCache<{ readonly weight: number }> => {
    const unpack = (stored: StoredIndex): { weight: number } => ({
      weight: stored.info.frameCount,
    });
    const pack = ({ weight }: { readonly weight: number }): StoredIndex => indexOf(weight);
    return new IndexCache({ folder: new IndexFolder('a', parent), pack, unpack });
  };
  const weightOf = async (cache: ReturnType<typeof cacheOf>): Promise<number> =>
    (await cache.get(video(), () => ({ weight: ++made }))).index.weight;

  it('reads a file anew that has changed, and none that just did from disk', async () => {
    made = 0;
    writeFileSync(video(), 'one');
    expect(await weightOf(cacheOf())).toBe(1);
    expect(await weightOf(cacheOf())).toBe(2); // within a tick of the clock it might have changed
    await setTimeout(settled);
    expect(await weightOf(cacheOf())).toBe(3);
    expect(await weightOf(cacheOf())).toBe(3);
    writeFileSync(video(), 'two');
    const cache = cacheOf();
    expect(await weightOf(cache)).toBe(4);
    expect(await weightOf(cache)).toBe(4);
  });

  it('serves a second process, which reads no video through', async () => {
    copyFileSync(join(FIXTURES, 'paff.mp4'), video());
    await setTimeout(settled);
    const first = await inProcess(video());
    expect(first).toEqual({ frames: 24, read: true });
    expect(await inProcess(video())).toEqual({ frames: 24, read: false });
  });
});

/** Opens a video by node-av in a process of its own; `read`: whether a demuxer was opened for it. */
async function inProcess(path: string): Promise<unknown> {
  const program = `
    import { loadLibrary } from '${built('data/video/node-av/library.ts')}';
    import { videoBackend } from '${built('data/video/video-backend.ts')}';
    const { FormatContext } = await loadLibrary();
    let read = false;
    const open = FormatContext.prototype.openInputSync;
    FormatContext.prototype.openInputSync = function (...args) {
      read = true;
      return open.apply(this, args);
    };
    const reader = await (await videoBackend('node-av')).open(process.argv[1]);
    console.log(JSON.stringify({ frames: reader.info.frameCount, read }));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program, path],
    { cwd: join(import.meta.dirname, '../..'), env: { ...process.env, LACUNA_CACHE: parent } },
  );
  return JSON.parse(stdout);
}

function flip(path: string): void {
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('h264', 'h265'));
}

/** The frames that a file says, which the tests count up. */
function writtenAs(path: string): number {
  return Number(/"frameCount": (\d+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
}
