import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHARED_DATA } from '../testing/shared-data.js';
import { type RetrievalSet, readRetrievalSet } from './retrieval-sets.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-sets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function given(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('annotations of public sets', () => {
  it('are read as lists: captions of an id together, in the order of the file', async () => {
    const csv = await given(
      'msrvtt.csv',
      'key,vid_key,video_id,sentence\nret0,msr1,video1,a man\nret1,msr2,video2,"a ""dog"", running"\n',
    );
    const { records } = await readRetrievalSet(csv, 'msrvtt');
    expect(records.map(({ video, captions }) => [video, captions])).toEqual([
      ['video1.mp4', ['a man']],
      ['video2.mp4', ['a "dog", running']],
    ]);
    const moments = [
      { video: 'a.mov', description: 'first' },
      { video: 'b.m4v', description: 'other' },
      { video: 'a.mov', description: 'then' },
    ];
    const didemo = await readRetrievalSet(await given('d.json', JSON.stringify(moments)), 'didemo');
    expect(didemo.records.map(({ captions }) => captions)).toEqual([['first', 'then'], ['other']]);
    const paragraphs = { v_1: { duration: 1, timestamps: [], sentences: ['One.', ' Two.'] } };
    const path = await given('a.json', JSON.stringify(paragraphs));
    const net = await readRetrievalSet(path, 'activitynet', { video: 'clips/{}.mkv' });
    expect(net.records[0]).toMatchObject({ video: 'clips/v_1.mkv', captions: ['One.', 'Two.'] });
    const msvd = await given('m.json', JSON.stringify({ x: ['a', 'b'], y: ['c'] }));
    const split = await given('split.txt', 'y\n');
    const some = await readRetrievalSet(msvd, 'msvd', { split });
    expect(some.records.map(({ video }) => video)).toEqual(['y.avi']);
  });

  it.each([
    ['msrvtt', 'key,video_id\nret0,a,b\n', /x:2: the line has no id or no sentence/],
    ['msrvtt', 'video_id,sentence\na,"b\n', /quotes of the line do not match/],
    ['msvd', '{"a": ', /not JSON/],
    ['msvd', '[]', /no JSON object/],
    ['didemo', '{}', /no annotations of DiDeMo/],
    ['didemo', '[{"video": "../a", "description": "b"}]', /not inside the data folder/],
    ['activitynet', '{"../../a": {"sentences": ["x"]}}', /not inside the data folder/],
    ['activitynet', '{"a": 1}', /no JSON object/],
  ] as const)('%s: %j is refused', async (set, text, sentence) => {
    await expect(readRetrievalSet(await given('x', text), set)).rejects.toThrow(sentence);
  });

  it('must have the ids of the split', async () => {
    const path = await given('m2.json', '{"x": ["a"]}');
    const split = await given('split2.txt', 'z\n');
    await expect(readRetrievalSet(path, 'msvd', { split })).rejects.toThrow(
      /split2.txt: an id of the split is not in the annotations; got "z"/,
    );
  });
});

describe.skipIf(SHARED_DATA === undefined)(
  `the real files${SHARED_DATA === undefined ? ' (skipped: ../shared/data is absent)' : ''}`,
  () => {
    it.each<[RetrievalSet, string, string | undefined, number, number]>([
      ['msrvtt', 'msrvtt/MSRVTT_JSFUSION_test.csv', undefined, 1000, 1000],
      ['msvd', 'msvd/captions_msvd.val100.json', 'msvd/val_list.txt', 100, 0],
      ['didemo', 'didemo/test_data.60videos.json', undefined, 60, 0],
      ['activitynet', 'activitynet_captions/val.150videos.json', undefined, 150, 0],
    ])('of %s', async (set, file, split, videos, captions) => {
      const at = (name: string): string => join(SHARED_DATA ?? '', 'annotations', name);
      const options = split === undefined ? {} : { split: at(split) };
      const { records, badCaptions } = await readRetrievalSet(at(file), set, options);
      expect(records.length).toBe(videos);
      expect(badCaptions.count).toBe(0);
      const all = records.reduce((sum, each) => sum + each.captions.length, 0);
      if (captions > 0) expect(all).toBe(captions);
      else expect(all).toBeGreaterThan(videos);
    });
  },
);
