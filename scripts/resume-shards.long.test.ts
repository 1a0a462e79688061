import { expect, it } from 'vitest';
import { resumeShards } from './durability/resume-shards.js';

it('a run on shards goes on bit for bit with other numbers of workers, with the same samples', async () => {
  const found = await resumeShards({
    clips: 12,
    clipsPerShard: 5,
    steps: 8,
    points: 2,
    seed: 1,
  });
  expect(found).toEqual({
    points: 2,
    steps: 8,
    shards: 3,
    otherSamples: [],
    otherStates: [],
    otherInParts: [],
  });
});
