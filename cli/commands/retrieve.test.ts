import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { refusalOf } from '../../core/testing/refusal.js';
import { type DemoData, makeDemoData } from '../../data/index.js';
import { oneStepRun } from '../testing/one-step-run.js';
import { retrieveCommand } from './retrieve.js';

let folder = '';
let data: DemoData;
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-retrieve-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 5 });
  run = join(folder, 'run');
  await oneStepRun('tiny-mac', data.trainList, run);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function retrieve(...args: readonly string[]): Promise<{ said: string; noted: string }> {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  const noted: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => noted.push(String(text)) > 0);
  vi.spyOn(console, 'error').mockImplementation((text) => void noted.push(String(text)));
  await retrieveCommand().parseAsync([run, ...args], { from: 'user' });
  const all = { said: said.mock.calls.flat().join('\n'), noted: noted.join('\n') };
  vi.restoreAllMocks();
  return all;
}

describe('lacuna retrieve', () => {
  it('prints scores with their protocol, keeps embeddings, and marks results of another protocol', async () => {
    const own = ['--data', data.testList, '--cache', join(folder, 'cache')];
    const first = await retrieve(...own, '--json');
    expect(first.noted).toContain('Embeddings: 0 were known, 6 are kept now.');
    const kept = join(folder, 'first.json');
    await writeFile(kept, first.said);
    const result = JSON.parse(first.said);
    expect(result).toMatchObject({
      format: 'lacuna retrieval 1',
      model: { run, trainedOnIt: false },
      protocol: { list: data.testList, videos: 5, texts: 'first', convention: 'fair' },
      chance: { textToVideo: expect.closeTo(20, 10) },
    });
    const same = await retrieve(...own, '--json');
    expect(same.noted).toContain('Embeddings: 6 were known, 0 are kept now.');
    expect(JSON.parse(same.said)).toEqual(result);

    const page = join(folder, 'page.html');
    const beside = await retrieve(...own, '--convention', 'umt', '--page', page, '--beside', kept);
    expect(beside.said).toMatch(/\[1\] .*\n.*UMT: ties: the higher index first/);
    expect(beside.said).toContain('≠ not to be compared with [1]: convention: umt and fair');
    const html = await readFile(page, 'utf8');
    expect(html).toContain('≠ not to be compared with [1]');
    expect(html).toMatch(/<rect x="80" y="\d+" width="[\d.]+" height="16">/);
    const trained = await retrieve('--data', data.trainList, '--no-cache');
    expect(trained.said).toContain('TRAINED ON THIS LIST');
  }, 120_000);

  it.each<[readonly string[], RegExp]>([
    [['--prompt', 'a {}'], /only class names are put into a prompt/],
    [['--texts', 'labels', '--prompt', 'a'], /does not say where the class name goes/],
    [['--split', 'x'], /does not tell its splits; got "x"/],
    [['--beside', 'LIST'], /no result of a retrieval/],
    [['--video', 'x/{}'], /--video is for the annotations of data sets/],
  ])(
    '%j is refused with what would mend it',
    async (flags, sentence) => {
      const args = flags.map((word) => (word === 'LIST' ? data.testList : word));
      expect(await refusalOf(retrieve('--data', data.testList, ...args))).toMatch(sentence);
    },
    60_000,
  );
});
