import { appendFile, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import {
  type ClipRecord,
  createTokenizer,
  type DemoData,
  makeDemoData,
  readClipList,
  trainBpe,
} from '../data/index.js';
import type { TrainedModel } from '../run/open-program.js';
import { parseConfig } from '../run/settings/parse-config.js';
import { resolveSettings } from '../run/settings/settings.js';
import { untrained } from '../run/untrained.js';
import { embedClips, type Kept } from './embed-clips.js';
import { EmbeddingCache } from './embedding-cache.js';
import { evaluate } from './evaluator.js';
import { modelDigest } from './model-digest.js';
import { type Retrieval, type RetrievalOptions, retrievalWith } from './retrieval.js';
import { protocolDifferences, protocolText } from './retrieval-protocol.js';

let folder = '';
let data: DemoData;
let backend: Backend;
let model: TrainedModel;
let records: readonly ClipRecord[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-embed-'));
  data = await makeDemoData(join(folder, 'data'), { trainClips: 2, testClips: 5 });
  backend = await ONNX.open({ threads: 1 });
  records = (await readClipList(data.testList, () => {})).records;
  const settings = resolveSettings(
    parseConfig({ preset: 'tiny-mac', data: { list: data.testList }, output: 'x' }),
  );
  const captions = records.flatMap((record) => record.captions);
  const tokenizer = createTokenizer(trainBpe(captions, { vocabSize: 300 }));
  model = untrained({ settings, backend, state: {}, tokenizer });
}, 120_000);
afterAll(async () => {
  expect(backend.liveTensors).toBe(0);
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function kept(name: string): Promise<Kept> {
  const cache = await EmbeddingCache.open(join(folder, name));
  return { cache, model: modelDigest(model) };
}

const find = (options: RetrievalOptions, of: readonly ClipRecord[] = records): Promise<Retrieval> =>
  evaluate(retrievalWith(options), model, of, data.folder);

it('embeds a clip once: the second time, and in another list, it is known, to the bit', async () => {
  const first = await kept('a');
  const all = await embedClips(model, records, data.folder, { kept: first, windows: 2 });
  expect(first.cache.counts).toEqual({ found: 0, written: 5 });
  const again = await kept('a');
  const same = await embedClips(model, records.slice(1, 4), data.folder, {
    kept: again,
    windows: 2,
  });
  expect(again.cache.counts).toEqual({ found: 3, written: 0 });
  expect(same.rows).toEqual(all.rows.slice(1, 4));
  for (const row of all.rows) {
    expect(row.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
  }
  // Other windows are other embeddings.
  const other = await kept('a');
  await embedClips(model, records, data.folder, { kept: other });
  expect(other.cache.counts).toEqual({ found: 0, written: 5 });
}, 120_000);

it('follows the files: one that was added, changed, renamed, or cannot be read', async () => {
  const path = (name: string): string => join(data.folder, name);
  const own = records.slice(0, 2);
  await embedClips(model, own, data.folder, { kept: await kept('b') });
  const [first, second] = own as [ClipRecord, ClipRecord];
  await copyFile(path(first.video), path('renamed.mp4'));
  await copyFile(path(second.video), path('changed.mp4'));
  await appendFile(path('changed.mp4'), Buffer.alloc(8));
  const record = (video: string): ClipRecord => ({ id: video, video, captions: ['a'] });
  const later = await kept('b');
  const told: string[] = [];
  const found = await embedClips(
    model,
    [record('renamed.mp4'), record('gone.mp4'), record('changed.mp4'), first],
    data.folder,
    { kept: later, watch: { onProblem: ({ id }) => told.push(id) } },
  );
  expect(told).toEqual(['gone.mp4']);
  expect(found.records.map(({ id }) => id)).toEqual(['renamed.mp4', 'changed.mp4', first.id]);
  expect(later.cache.counts).toEqual({ found: 2, written: 1 });
  expect(found.rows[0]).toEqual(found.rows[2]);
}, 120_000);

it('says under which protocol, and marks what differs', async () => {
  const cache = await kept('c');
  const captioned = records.map((record, i) => ({
    ...record,
    captions: [`${record.captions[0]}`, `a clip with the number ${i}`],
    label: i < 3 ? 'TheFew_ones' : 'many',
  }));
  const first = await find({ kept: cache, list: 'test.jsonl' }, captioned);
  const all = await find({ kept: cache, texts: 'all', convention: 'clip4clip' }, captioned);
  const paragraph = await find({ kept: cache, texts: 'paragraph', windows: 1 }, captioned);
  const labels = await find({ kept: cache, texts: 'labels', prompt: 'clips of {}' }, captioned);
  // Paragraphs are cut to 12 tokens, which are those of the first captions: they are known.
  expect(cache.cache.counts.written).toBe(5 + 3);
  expect(first.protocol).toMatchObject({ videos: 5, queries: 5, frames: 3, windows: 1 });
  expect([all, paragraph, labels].map(({ protocol }) => protocol.queries)).toEqual([10, 5, 2]);
  expect(labels.captions).toEqual(['clips of The Few ones', 'clips of many']);
  expect(labels.textToVideo.chanceAt1).toBeCloseTo((3 / 5 + 2 / 5) / 2, 12);
  expect(paragraph.captions[1]).toBe(captioned[1]?.captions.join(' '));
  expect(protocolText(first.protocol)).toMatch(
    /^test.jsonl, records [0-9a-f]{12}: 5 clips, 5 first captions; .*3 frames .* x 1 window, .*no dual softmax; fair: /,
  );
  expect(protocolDifferences(first.protocol, { ...first.protocol, list: 'other' })).toEqual([]);
  expect(protocolDifferences(first.protocol, all.protocol)).toEqual(
    expect.arrayContaining(['texts: first and all', 'convention: fair and clip4clip']),
  );
  await expect(
    find({ kept: cache, texts: 'labels', convention: 'frozen' }, captioned),
  ).rejects.toThrow(/Frozen in Time cannot score this; got it knows one right video/);
  const dual = await find({ kept: cache, dualSoftmax: true }, captioned);
  expect(protocolText(dual.protocol)).toContain('DUAL SOFTMAX');
  expect(protocolDifferences(first.protocol, dual.protocol)).toEqual([
    'dualSoftmax: false and true',
  ]);
}, 120_000);

it('refuses a model whose weights are broken, by the video', async () => {
  const state = Object.fromEntries(
    Object.entries(model.state).map(([name, tensor]) => {
      const data = new Float32Array(tensor.data.length).fill(Number.NaN);
      return [name, { ...tensor, data }];
    }),
  );
  const broken = evaluate(retrievalWith({}), { ...model, state }, records, data.folder);
  await expect(broken).rejects.toThrow(
    `video 0, "${records[0]?.id}": an embedding is not finite; got NaN`,
  );
}, 120_000);
