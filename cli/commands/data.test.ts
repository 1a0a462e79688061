import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readClipList } from '../../data/index.js';
import { SHARED_DATA, SHARED_FILES } from '../../data/testing/shared-data.js';
import { writeTestVideo } from '../../data/testing/test-videos.js';
import { dataCommand } from './data.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-data-'));
  await mkdir(join(folder, 'videos'));
  const at = (name: string): string => join(folder, 'videos', name);
  await writeTestVideo(at('a.mp4'), 30, 1);
  await writeTestVideo(at('b.mp4'), 20, 2);
  await copyFile(at('a.mp4'), at('copy.mp4'));
  const whole = await readFile(at('b.mp4'));
  await writeFile(at('cut.mp4'), whole.subarray(0, whole.length - 1000));
  await writeFile(at('text.mp4'), 'version https://git-lfs.github.com/spec/v1');
  await writeFile(at('a.txt'), 'one <b>caption</b>\n');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** What the command prints, and what it ends with. */
async function data(...args: readonly string[]): Promise<readonly [text: string, code: unknown]> {
  const said: string[] = [];
  const keep = (...texts: unknown[]): void => void said.push(texts.join(' '));
  vi.spyOn(console, 'log').mockImplementation(keep);
  vi.spyOn(console, 'error').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await dataCommand().parseAsync([...args], { from: 'user' });
  return [said.join('\n').replaceAll(folder, ''), process.exitCode];
}

describe('lacuna data check', () => {
  it('names every broken file and no other, and what is there twice, on a page', async () => {
    const page = join(folder, 'check.html');
    const [text, code] = await data(
      'check',
      join(folder, 'videos'),
      '--page',
      page,
      '--workers',
      '2',
    );
    expect(code).toBe(1);
    expect(text).toMatch(
      /^cut.mp4: (?:.*; )?the file is cut off: it says that it has \d+ bytes, and has \d+/m,
    );
    expect(text).toMatch(/^text.mp4: this is no video file that can be read/m);
    expect(text).toMatch(/^a.mp4, copy.mp4: the same file$/m);
    expect(text).toMatch(
      /5 records, 5 videos. 2 files broken, of which training skips [12]. 1 group of duplicates/,
    );
    expect(text.match(/^\S+\.mp4: /gm)).toEqual(['cut.mp4: ', 'text.mp4: ']);
    const shown = await readFile(page, 'utf8');
    expect(shown).toContain('<h2>Broken files');
    expect(shown).toContain('1 caption, 1 of them different');
    expect(shown).not.toContain('<b>caption');
  }, 60_000);

  it.skipIf(SHARED_DATA === undefined)(
    `names of the odd real files the broken ones${SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : ''}`,
    async () => {
      const page = join(folder, 'odd.html');
      const [text] = await data('check', join(SHARED_DATA ?? '', 'odd'), '--page', page);
      const named = [...text.matchAll(/^(\S+\.(?:mp4|mkv|webm|mov|avi|mpg)): /gm)].map(
        ([, name]) => name,
      );
      const broken = SHARED_FILES.filter(({ file, expect: told = '' }) => {
        return file.startsWith('odd/broken_') || /must be refused|NAL errors/.test(told);
      });
      expect(named.sort()).toEqual(broken.map(({ file }) => file.slice('odd/'.length)).sort());
    },
    120_000,
  );

  it('tells parts that lie outside, and videos that are in both lists', async () => {
    const list = (name: string, lines: readonly object[]): Promise<void> =>
      writeFile(join(folder, name), lines.map((line) => JSON.stringify(line)).join('\n'));
    await list('train.jsonl', [
      { video: 'a.mp4', start: 0, end: 1 },
      { video: 'a.mp4', start: 90, end: 91 },
    ]);
    await list('test.jsonl', [{ video: 'copy.mp4' }, { video: 'b.mp4' }]);
    const page = join(folder, 'both.html');
    const roots = ['--root', join(folder, 'videos'), '--page', page, '--workers', '1', '--quick'];
    const [text, code] = await data(
      'check',
      join(folder, 'train.jsonl'),
      '--test',
      join(folder, 'test.jsonl'),
      ...roots,
    );
    expect(code).toBeUndefined();
    expect(text).toMatch(/a.mp4, .*copy.mp4: the same file, in both lists/);
    const shown = await readFile(page, 'utf8');
    expect(shown).toMatch(/the part begins behind the end of the video; got 90 s/);
    expect(shown).toContain('a few frames were decoded');
  }, 60_000);

  it('reads lists alone: 0 where one loads, 2 with a sentence where it is none', async () => {
    const good = join(folder, 'good.csv');
    await writeFile(good, 'videoid,name,page_dir\n1,a dog,x\n');
    expect(await data('check', good, '--list-only')).toEqual([
      '/good.csv: WebVid, 1 records, 1 captions.',
      undefined,
    ]);
    const bad = join(folder, 'bad.txt');
    await writeFile(bad, 'abseiling\n');
    const [text, code] = await data('check', bad, '--list-only');
    expect([text, code]).toEqual([
      expect.stringMatching(/bad.txt:1: the line names no video file/),
      2,
    ]);
  });
});

describe('lacuna data convert', () => {
  it('writes what was asked for as a list that is read back', async () => {
    const net = join(folder, 'net.json');
    const times = {
      duration: 9,
      timestamps: [
        [0, 4.5],
        [5, 9],
      ],
      sentences: ['One.', 'Two.'],
    };
    await writeFile(net, JSON.stringify({ v_1: times }));
    const output = join(folder, 'moments.jsonl');
    const [text] = await data('convert', net, '--parts', '--video', 'x/{}.mkv', '--output', output);
    expect(text).toBe('/moments.jsonl: 2 records of /net.json (ActivityNet Captions).');
    const { records } = await readClipList(output, () => {});
    expect(records.map(({ id, captions }) => [id, captions])).toEqual([
      ['x/v_1.mkv#t=0,4.5', ['One.']],
      ['x/v_1.mkv#t=5,9', ['Two.']],
    ]);
    await expect(data('convert', net, '--output', output)).rejects.toThrow(
      /there already.*--overwrite/,
    );
    await expect(data('convert', join(folder, 'videos'), '--parts')).rejects.toThrow(
      /--parts: this is for annotation files, and here is a folder|the list is there already/,
    );
  });
});
