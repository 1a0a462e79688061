import { expect, it } from 'vitest';
import { fuzzFiles } from './durability/fuzz-files.js';

it.each([
  ['run', 150],
  ['similarity', 150],
  ['onnx', 40],
  ['report', 100],
  ['port', 150],
  ['weights', 100],
  ['shards', 100],
  ['lists', 400],
  ['parquet', 150],
  ['arrays', 150],
  ['shard', 150],
  ['png', 60],
  ['jpeg', 60],
  ['webp', 60],
  ['gif', 60],
])(
  'mutants of a folder (%s) are refused or read, and change nothing outside',
  async (subject, count) => {
    const { faults, refused } = await fuzzFiles(subject, count, 2);
    expect(faults).toEqual([]);
    expect(refused).toBeGreaterThan(count / 10);
  },
  60_000,
);
