import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HostTensor } from '../../core/index.js';
import { refusalOf } from '../../core/testing/refusal.js';
import { encodeSafetensors } from '../../formats/index.js';
import { metricsCommand } from './metrics.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-metrics-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

async function given(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** What it prints. */
async function metrics(...args: readonly string[]): Promise<string> {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  await metricsCommand().parseAsync([...args], { from: 'user' });
  return said.mock.calls.flat().join('\n');
}

const TIED = '1,1,0\n0,1,0\n0,0,1\n';

describe('lacuna metrics', () => {
  it('puts the conventions side by side, each with its rule', async () => {
    const path = await given('tied.csv', TIED);
    const text = await metrics(path);
    expect(text).toContain(`${path}: 3 texts, 3 videos; text i belongs to video i; as they are`);
    expect(text).toMatch(/fair +83\.33 +100\.00 +100\.00 +1\.00 +1\.17/);
    expect(text).toMatch(/Frozen in Time +100\.00/);
    expect(text).toMatch(/CLIP4Clip +75\.00/);
    expect(text).toMatch(/UMT +66\.67 +100\.00 +100\.00 +- +-/);
    expect(text).toContain('Each row is of another protocol:');
  });

  it('reads safetensors, turned round, with several captions a video or a file of pairs', async () => {
    const scores = {
      dtype: 'f32',
      shape: [2, 4],
      data: Float32Array.of(3, 2, 1, 0, 0, 1, 2, 3),
    } as const;
    const other = { dtype: 'f32', shape: [1], data: Float32Array.of(1) } as const;
    const file = encodeSafetensors(
      new Map<string, HostTensor>([
        ['sims', scores],
        ['other', other],
      ]),
    );
    const path = await given('sims.safetensors', file);
    const two = ['--tensor', 'sims', '--transpose', '--json'];
    const grouped = JSON.parse(await metrics(path, ...two, '--captions', '2'));
    expect(grouped.protocol).toEqual({
      scores: path,
      texts: 4,
      videos: 2,
      pairs: 'texts 2 i to 2 i + 1 belong to video i',
      dualSoftmax: false,
    });
    const [fair, , , openClip] = grouped.conventions;
    expect(fair.textToVideo).toMatchObject({ recallAt1: 100, meanRank: 1 });
    expect(openClip.notApplicable).toMatch(/one caption a video/);
    vi.restoreAllMocks();
    const pairs = await given('pairs.csv', 'text,video\n0,0\n1,0\n2,1\n3,1\n3,0\n');
    const listed = JSON.parse(await metrics(path, ...two, '--pairs', pairs, '--dual-softmax'));
    expect(listed.protocol).toMatchObject({ pairs: `right pairs of ${pairs}`, dualSoftmax: true });
    expect(listed.conventions[1].notApplicable).toMatch(/one right video/);
  });

  it.each<[string, string | undefined, readonly string[], RegExp]>([
    ['nan.csv', '1,0\nnan,1\n', [], /text 1, video 0 \(row 1, column 0 .*not finite; got NaN/],
    [
      'wide.csv',
      '1,0,0\n0,1,0\n',
      [],
      /not said which videos are right for which texts; got 2 texts .rows., 3 videos/,
    ],
    ['word.csv', '1,0\n0,x\n', [], /word.csv:2: a field is no number; got "x" in column 1/],
    ['ragged.csv', '1,0\n0\n', [], /ragged.csv:2: the lines are of different lengths/],
    ['a.txt', '1', [], /the ending of the name/],
    ['none.npy', undefined, [], /cannot be read/],
    ['empty.csv', '', [], /no matrix/],
    ['two.csv', '1,0\n0,1\n', ['--pairs', 'PAIRS'], /the line is no pair; got "0;0"/],
    [
      'two.csv',
      '1,0\n0,1\n',
      ['--pairs', 'absent.csv'],
      /absent.csv: the file cannot be read;.*expected a file with right pairs/,
    ],
  ])('refuses %s', async (name, content, more, sentence) => {
    const path = content === undefined ? join(folder, name) : await given(name, content);
    const pairs = await given('bad.csv', '0;0\n');
    const args = more.map((word) => (word === 'PAIRS' ? pairs : word));
    expect(await refusalOf(metrics(path, ...args))).toMatch(sentence);
  });

  it('passes over the names of columns', async () => {
    const path = await given('named.csv', `a,b,c\n${TIED}`);
    expect(await metrics(path)).toContain('3 texts, 3 videos');
  });
});
