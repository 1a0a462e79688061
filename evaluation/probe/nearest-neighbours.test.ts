import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import type { Backend } from '../../core/index.js';
import { RandomStream } from '../../spec/index.js';
import { featuresInMemory, type LabelledFeatures } from './feature-set.js';
import { nearestNeighbours, neighbourVerdicts } from './nearest-neighbours.js';

const WIDTH = 5;
const CLASSES = ['ash', 'birch', 'cedar'];

let backend: Backend;
beforeAll(async () => {
  backend = await ONNX.open({ threads: 1 });
});
afterAll(async () => {
  await backend.dispose();
});

function features(count: number, replicate: number): LabelledFeatures {
  const stream = new RandomStream({ seed: 2, stream: 'test', replicate });
  const values = Float32Array.from({ length: count * WIDTH }, () => stream.normal());
  const labels = Array.from({ length: count }, () => CLASSES[stream.integer(3)] as string);
  return { width: WIDTH, values, labels };
}

/** DINO's k-NN classifier, in double and one query at a time: votes are exp(cosine / 0.07). */
function votesOf(bank: LabelledFeatures, query: Float32Array, k: number, leftOut = -1): number[] {
  const row = (i: number): Float32Array => bank.values.subarray(i * WIDTH, (i + 1) * WIDTH);
  const dot = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  const cosine = (i: number): number =>
    dot(row(i), query) / Math.sqrt(dot(row(i), row(i)) * dot(query, query));
  const nearest = bank.labels
    .map((label, place) => ({ label, place, value: cosine(place) }))
    .filter(({ place }) => place !== leftOut)
    .sort((a, b) => b.value - a.value)
    .slice(0, k);
  return CLASSES.map((name) =>
    nearest
      .filter(({ label }) => label === name)
      .reduce((sum, { value }) => sum + Math.exp(value / 0.07), 0),
  );
}

it.each([1, 4, 13])('%d nearest neighbours name the class that has the most votes', async (k) => {
  const [bank, queries] = [features(300, 0), features(270, 1)];
  const sets = [featuresInMemory(bank), featuresInMemory(queries)] as const;
  const labels = { bank: bank.labels, queries: queries.labels };
  // Thirteen are found, of which the nearest k vote.
  const found = await nearestNeighbours(backend, ...sets, 13);
  const judged = await neighbourVerdicts(backend, found, k, CLASSES, labels);
  queries.labels.forEach((label, query) => {
    const own = queries.values.subarray(query * WIDTH, (query + 1) * WIDTH);
    const votes = votesOf(bank, own, k);
    const right = CLASSES.indexOf(label);
    const own1 = votes[right] as number;
    const higher = votes.filter((vote) => vote > own1).length;
    const equal = votes.filter((vote) => vote === own1).length;
    expect(judged.named[query]).toBe(votes.indexOf(Math.max(...votes)));
    expect(judged.top1[query]).toBe(higher > 0 ? 0 : 1 / equal);
  });
});

it('a clip is not its own neighbour where it is left out', async () => {
  const bank = features(40, 2);
  const set = featuresInMemory(bank);
  const itself = await nearestNeighbours(backend, set, set, 1);
  expect([...itself.places]).toEqual(bank.labels.map((_, place) => place));
  const others = await nearestNeighbours(backend, set, set, 1, (query) => query);
  const labels = { bank: bank.labels, queries: bank.labels };
  const judged = await neighbourVerdicts(backend, others, 1, CLASSES, labels);
  bank.labels.forEach((_, query) => {
    const own = bank.values.subarray(query * WIDTH, (query + 1) * WIDTH);
    const votes = votesOf(bank, own, 1, query);
    expect(judged.named[query]).toBe(votes.indexOf(Math.max(...votes)));
  });
});
