import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { listFolder, makeDemoData } from '../../data/index.js';
import type { IndexedVideo, SearchHit, VideoIndex } from '../../evaluation/index.js';
import { LacunaError } from '../../spec/index.js';
import type { OwnServer } from '../serve/own-server.js';
import { BrowserTab } from '../testing/browser-tab.js';
import { findChromium } from '../testing/chromium.js';
import { startSearchServer } from './search-server.js';

const chromium = findChromium();
const HOSTILE = '<img src=x onerror="ran()">';

let folder = '';
let server: OwnServer;
let size = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-search-'));
  const data = await makeDemoData(join(folder, 'data'), { trainClips: 1, testClips: 2 });
  const [first] = (await listFolder(data.folder)).records;
  const root = join(folder, 'videos');
  await copyFile(join(data.folder, first?.video ?? ''), join(folder, 'secret.mp4'));
  await mkdir(root);
  for (const name of ['a.mp4', 'changed.mp4', `${HOSTILE}.mp4`]) {
    await copyFile(join(folder, 'secret.mp4'), join(root, name));
  }
  await symlink(join(folder, 'secret.mp4'), join(root, 'link.mp4'));
  await writeFile(join(root, 'notes.txt'), 'secret');
  size = (await stat(join(root, 'a.mp4'))).size;
  const entry = (path: string, bytes = size): IndexedVideo => {
    const facts = { mtimeMs: 0, ctimeMs: 0, digest: '0'.repeat(64), frames: 4, segments: 2 };
    return { path, size: bytes, ...facts };
  };
  const names = ['a.mp4', `${HOSTILE}.mp4`, 'changed.mp4', 'link.mp4'];
  const videos = [...names.map((name) => entry(name)), entry('notes.txt', 6)];
  await appendFile(join(root, 'changed.mp4'), 'x');
  const facts = { run: '/run', model: '', sampling: '', width: 1, vectors: new Float32Array(10) };
  const index: VideoIndex = { root, followLinks: false, ...facts, videos };
  const find = async (sentence: string): Promise<readonly SearchHit[]> => {
    if (sentence === 'refused') throw new LacunaError({ what: 'the sentence is refused' });
    return videos
      .slice(0, 2)
      .map((video, place) => ({ video, index: place, first: 2, end: 4, similarity: 0.5 }));
  };
  server = await startSearchServer({ index, find });
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const { statusCode: status, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(pieces) });
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('the search server', () => {
  it('sends a clip of the index, whole or by ranges', async () => {
    const whole = await ask('/clips/0');
    expect([whole.status, whole.headers['content-type'], whole.body.length]).toEqual([
      200,
      'video/mp4',
      size,
    ]);
    const part = async (range: string): Promise<unknown> => {
      const { status, headers, body } = await ask('/clips/0', { range });
      return [status, headers['content-range'], status === 206 ? body : undefined];
    };
    const bytes = (start: number, end: number): string => `bytes ${start}-${end}/${size}`;
    expect(await part('bytes=2-5')).toEqual([206, bytes(2, 5), whole.body.subarray(2, 6)]);
    expect(await part('bytes=-3')).toEqual([
      206,
      bytes(size - 3, size - 1),
      whole.body.subarray(-3),
    ]);
    expect(await part(`bytes=${size - 1}-`)).toEqual([
      206,
      bytes(size - 1, size - 1),
      whole.body.subarray(-1),
    ]);
    expect(await part(`bytes=${size}-`)).toEqual([416, `bytes */${size}`, undefined]);
    const head = await ask('/clips/0', {}, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const frame = await ask('/frames/0/1.png');
    expect([frame.status, frame.body.subarray(1, 4).toString()]).toEqual([200, 'PNG']);
  });

  it('sends nothing else: no path, no link that leads out, no changed file, no other kind', async () => {
    for (const path of [
      '/clips/99',
      '/clips/2',
      '/clips/3',
      '/clips/4',
      '/clips/../secret.mp4',
      '/clips/%2e%2e%2fsecret.mp4',
      '/secret.mp4',
      '/frames/3/0.png',
      '/frames/0/999.png',
      '/frames/4/0.png',
    ]) {
      const { status } = await ask(path);
      expect([path, status]).toEqual([path, 404]);
    }
    expect((await ask('/', { host: 'evil.example' })).status).toBe(421);
    expect((await ask('/', {}, 'POST')).status).toBe(405);
    expect((await ask('/?q=refused')).body.toString()).toContain('the sentence is refused.');
  });

  it('is held to its own by its policy', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

const missing = typeof chromium === 'string' ? chromium : undefined;
describe.skipIf(!capable('chromium', missing))('the search page in Chromium', () => {
  it('takes a sentence by keyboard and shows what was found, and runs no name', async () => {
    if (typeof chromium === 'string') throw new Error(chromium);
    const tab = await BrowserTab.open(chromium);
    try {
      await tab.visit(server.url);
      await tab.loaded();
      await tab.send('Input.insertText', { text: HOSTILE });
      const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' };
      await tab.send('Input.dispatchKeyEvent', { type: 'keyDown', ...enter });
      const listed = "document.querySelectorAll('ol.hits video').length";
      while ((await tab.evaluate<number>(listed).catch(() => 0)) < 2) await pause();
      const text = await tab.evaluate<string>('document.body.innerText');
      expect(text).toContain('frames 2 to 3 of 4');
      expect(text).toContain(`${HOSTILE}.mp4`);
      expect(await tab.evaluate("document.querySelector('input').value")).toBe(HOSTILE);
      // The codec may be none of this browser's; then it says so, and the picture is there.
      const when = "document.querySelector('.when').innerText";
      while ((await tab.evaluate<string>(when)) === '') await pause();
      expect(await tab.evaluate(when)).toMatch(
        /^, about \d+:\d\d to|^, which this browser cannot play$/,
      );
      expect(await tab.evaluate("document.querySelector('ol.hits img')")).toBeNull();
      expect(tab.requests.every((url) => url.startsWith(server.url))).toBe(true);
      // A codec that this browser lacks is no complaint.
      expect(tab.complaints).toEqual([]);
    } finally {
      await tab.close();
    }
  }, 60_000);
});
