import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { writeTestVideo } from '../../data/testing/test-videos.js';
import { dataCommand } from './data.js';
import { inspectCommand } from './inspect.js';
import { shardCommand } from './shard.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-shard-'));
  await writeTestVideo(at('a.mp4'), 12, 1);
  await writeTestVideo(at('b.mp4'), 9, 2);
  await writeFile(at('list.jsonl'), LIST.map((line) => `${JSON.stringify(line)}\n`).join(''));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const LIST = [
  { video: 'a.mp4', captions: ['one', 'two'], label: 'x' },
  { video: 'gone.mp4', captions: ['three'] },
  { video: 'b.mp4', captions: ['four'], frames: [2, 5] },
];

async function said(command: ReturnType<typeof shardCommand>, ...args: string[]): Promise<string> {
  const lines: string[] = [];
  const keep = (...texts: unknown[]): void => void lines.push(texts.join(' '));
  vi.spyOn(console, 'log').mockImplementation(keep);
  vi.spyOn(console, 'error').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    keep(String(text).trim());
    return true;
  });
  await command.parseAsync(args, { from: 'user' });
  return lines.join('\n').replaceAll(folder, '');
}

it('makes shards, says what is left out, and goes on where all is there', async () => {
  const args = [at('list.jsonl'), '--output', at('shards'), '--workers', '1', '--size', '32'];
  const text = await said(shardCommand(), ...args);
  expect(text).toMatch(/gone.mp4: the file cannot be read \(ENOENT\)/);
  expect(text).toMatch(/\/shards: 1 shards, 2 clips, [\d.]+ MiB. 1 clips are left out.$/m);
  const again = await said(shardCommand(), ...args);
  expect(again).toMatch(/\/shards: 1 shards, 1 of them from before, 2 clips/);
  const lines = (await readFile(at('shards/index.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { video: string }).video)).toEqual([
    'shard-000000.tar/000000000.mp4',
    'shard-000000.tar/000000002.mp4',
  ]);
  expect(await said(inspectCommand(), at('shards'))).toMatch(
    /: shards of clips, .*shards: 1\n.*clips: 3\n.*content: video/s,
  );
  // A folder of shards is named as a list is.
  const checked = await said(dataCommand(), 'check', at('shards'), '--page', at('page.html'));
  expect(checked).toContain('2 videos');
  expect(process.exitCode).toBeUndefined();
});

it('says what it needs, and what a folder without tars is', async () => {
  await expect(said(shardCommand(), at('list.jsonl'))).rejects.toThrow(/--output: no folder/);
  await expect(said(shardCommand(), folder, '--index')).rejects.toThrow(/holds no shards/);
  const elsewhere = [at('list.jsonl'), '--root', at('shards'), '--output', at('none')];
  await expect(said(shardCommand(), ...elsewhere)).rejects.toThrow(/holds none of the videos/);
});
