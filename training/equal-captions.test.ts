import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONNX } from '../backends/onnx/index.js';
import type { Backend } from '../core/index.js';
import { makeDemoData, readClipList } from '../data/index.js';
import { parseConfig, readMetrics, resolveSettings } from '../run/index.js';
import { pretrain } from './index.js';

let folder = '';
let videos: readonly string[] = [];
let root = '';
let backend: Backend;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-equal-captions-'));
  const data = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 2 });
  videos = (await readClipList(data.trainList, () => {})).records.map(({ video }) => video);
  root = data.folder;
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** The metrics of the one step of a run whose batch is all four clips, and what was said of the list. */
async function step(captions: readonly string[], equalCaptions: string): Promise<object> {
  const name = `${new Set(captions).size}-${equalCaptions}`;
  const list = join(folder, `${name}.jsonl`);
  const lines = videos.map((video, i) => JSON.stringify({ video, captions: captions[i] }));
  await writeFile(list, lines.join('\n'));
  const config = parseConfig({
    ...{ preset: 'tiny-mae', objective: 'contrastive', batch: 4, schedule: { steps: 1 } },
    ...{ data: { list, root }, output: join(folder, name), contrastive: { equalCaptions } },
    textMask: { ratio: 0.5 },
  });
  const notes: string[] = [];
  await pretrain(resolveSettings(config), backend, {
    version: 'test',
    onEvent: (event) => {
      if (event.kind === 'note') notes.push(event.text);
    },
  });
  const [metrics] = await readMetrics(join(folder, name));
  return { ...metrics?.metrics, notes: notes.length };
}

it('equal captions are told, counted, and positives where that is asked for', async () => {
  const captions = ['a dog runs on a wide beach', 'a cat', 'a dog runs on a wide beach', 'a bird'];
  const negatives = await step(captions, 'negatives');
  const positives = await step(captions, 'positives');
  expect([negatives, positives]).toMatchObject([
    { equal_captions: 2, notes: 1 },
    { equal_captions: 2, notes: 1 },
  ]);
  expect(positives).not.toMatchObject({ loss: (negatives as { loss: number }).loss });
});

it('where all captions differ, positives by captions are the pairs, bit for bit', async () => {
  const plain = await step(['a', 'b', 'c', 'd'], 'negatives');
  expect(plain).toMatchObject({ notes: 0 });
  expect(plain).not.toHaveProperty('equal_captions');
  expect(await step(['a', 'b', 'c', 'd'], 'positives')).toEqual(plain);
});
