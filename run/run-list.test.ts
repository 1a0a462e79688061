import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../core/testing/refusal.js';
import { loadModel } from './load-model.js';
import { RunFolder } from './run-folder.js';
import { readRunList, readRunLists } from './run-list.js';
import type { RunSettings } from './settings/config.js';
import { parseConfig } from './settings/parse-config.js';
import { resolveSettings } from './settings/settings.js';
import { testManifest } from './testing/manifest.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-run-list-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function settings(
  captions: readonly (readonly string[])[],
  config: object,
): Promise<RunSettings> {
  const list = join(folder, 'clips.jsonl');
  const lines = captions.map((own, i) => JSON.stringify({ video: `${i}.mp4`, captions: own }));
  await writeFile(list, `${lines.join('\n')}\n`);
  const data = { list, similarity: 'maps' };
  return resolveSettings(parseConfig({ preset: 'tiny-mae', data, output: 'run', ...config }));
}

const SILENT = [['a dog'], [], []];

describe('the lists of a run', () => {
  const other = async (name: string): Promise<string> => {
    const list = join(folder, 'others.jsonl');
    await writeFile(list, JSON.stringify({ image: name, captions: ['a picture'] }));
    return list;
  };
  const mixed = async (name: string): Promise<RunSettings> => {
    const run = await settings([['a dog'], ['a cat']], { objective: 'mae' });
    const others = [{ list: await other(name), root: 'pictures', weight: 3 }];
    return { ...run, data: { ...run.data, others } };
  };

  it('are read each with its folder and its weight, and held each to its digest', async () => {
    const run = await mixed('a.png');
    const { list, sources, data } = await readRunLists(run, () => {});
    expect(list.records.map(({ id }) => id)).toEqual(['0.mp4', '1.mp4', 'a.png']);
    expect(sources.map(({ root, weight, records }) => [root, weight, records.length])).toEqual([
      [folder, 1, 2],
      ['pictures', 3, 1],
    ]);
    expect(data.others).toEqual([{ clips: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect((await readRunLists(run, () => {}, data)).data).toEqual(data);
    await other('b.png');
    const { others: _, ...none } = data;
    for (const known of [data, none]) {
      const refused = await refusalOf(readRunLists(run, () => {}, known));
      expect(refused).toContain('others.jsonl: the data of this run have changed since it began');
      expect(refused).not.toContain('b.png');
    }
  });

  it('are of annotations what is asked for, which their digests tell', async () => {
    const list = join(folder, 'msrvtt.json');
    const ids = join(folder, 'ids.txt');
    const [videos, sentences] = [
      ['train', 'train', 'test'].map((split, i) => ({ video_id: `v${i}`, split })),
      [0, 1, 2].map((i) => ({ video_id: `v${i}`, caption: `what ${i}` })),
    ];
    await writeFile(list, JSON.stringify({ videos, sentences }));
    await writeFile(ids, 'v1\n');
    const run = await settings([['a dog']], { objective: 'mae' });
    const of = (choice: object): RunSettings => ({
      ...run,
      data: { ...run.data, list, ...choice },
    });
    const taken = async (choice: object): Promise<readonly string[]> =>
      (await readRunLists(of(choice), () => {})).list.records.map(({ video }) => video);
    expect(await taken({ split: 'train' })).toEqual(['v0.mp4', 'v1.mp4']);
    expect(await taken({ split: ids, video: 'x/{}.avi' })).toEqual(['x/v1.avi']);
    const { data } = await readRunLists(of({ split: 'train' }), () => {});
    expect(await refusalOf(readRunLists(of({ split: 'test' }), () => {}, data))).toContain(
      'the data of this run have changed since it began',
    );
    await writeFile(ids, 'secret\n');
    const refused = await refusalOf(readRunLists(of({ split: ids }), () => {}, data));
    expect(refused).toContain('ids.txt:1: an id of the split is not in the annotations');
    expect(refused).not.toContain('secret');
  });

  it('have no two clips of one name', async () => {
    const run = await mixed('1.mp4');
    expect(await refusalOf(readRunLists(run, () => {}))).toMatch(
      /data\.others: two lists of a run have clips of one name.*got 1\.mp4, beside 1\.mp4/,
    );
  });
});

describe('the list of a run', () => {
  it.each([
    [
      {},
      'the objective mae+contrastive needs captions, but 2 of 3 clips have none; got 1.mp4 without a caption. Add captions, remove these clips, or choose the objective mae.',
    ],
    [
      { objective: 'mae', mask: { kind: 'text-guided' } },
      'the mask text-guided needs captions, but 2 of 3 clips have none; got 1.mp4 without a caption. Add captions, remove these clips, or choose another mask.',
    ],
  ])('needs captions for %j', async (config, sentence) => {
    const run = await settings(SILENT, config);
    expect(await refusalOf(readRunList(run, () => {}))).toBe(`${run.data.list}: ${sentence}`);
  });

  it('leaves out a clip that lost its captions where they are needed, and no other', async () => {
    const run = await settings([['a dog'], ['a cat'], ['']], {});
    const told: string[] = [];
    const { records } = await readRunList(run, (sentence) => told.push(sentence));
    expect(records.map(({ captions }) => captions)).toEqual([['a dog'], ['a cat']]);
    expect(told.join()).toMatch(/1 caption is left out/);
    const mae = { ...run, objective: 'mae' } as const;
    expect((await readRunList(mae, () => {})).records).toHaveLength(3);
  });

  it('needs no captions where nothing reads them', async () => {
    const { records } = await readRunList(await settings(SILENT, { objective: 'mae' }), () => {});
    expect(records).toHaveLength(3);
  });

  it('says how many clips share a caption, and what that makes of them', async () => {
    const captions = [['a dog'], ['a dog', 'x'], ['a cat'], ['a bird', 'x']];
    const told: string[] = [];
    const onNote = (sentence: string): number => told.push(sentence);
    await readRunList(await settings(captions, {}), onNote);
    const positives = { contrastive: { equalCaptions: 'positives' } };
    await readRunList(await settings(captions, positives), onNote);
    await readRunList(await settings(captions, { objective: 'mae' }), onNote);
    await readRunList(await settings([['a'], ['b']], {}), onNote);
    expect(told).toEqual([
      expect.stringMatching(/^3 of 4 clips share a caption .* each is a negative of the other;/),
      expect.stringMatching(/^3 of 4 clips share a caption .* they are positives of each other\.$/),
    ]);
  });

  it('needs different captions where clips are to be told apart', async () => {
    const run = await settings([['a dog'], ['a dog']], {});
    expect(await refusalOf(readRunList(run, () => {}))).toBe(
      `${run.data.list}: all clips have the same caption, so there is nothing to tell apart. Describe what is different in each clip, or choose the objective mae.`,
    );
  });
});

it('a run without a checkpoint has no model', async () => {
  const run = await settings([], {});
  const { path } = await RunFolder.create(join(folder, 'young'), testManifest(run));
  const open = (): never => expect.unreachable('no backend is needed to say so');
  expect(await refusalOf(loadModel(path, open, () => {}))).toBe(
    `${path}: this run has no good checkpoint yet, so there is no model to look at. Let it train longer: lacuna pretrain --resume ${path}`,
  );
});
