/**
 * A run on shards, stopped at random steps and resumed with 1 and with 4 workers in turn, held to one that
 * ran straight: the samples of each step, and every byte of the checkpoints at these steps. And the batches of a loader
 * beside those of 1, 2 and 4 in turn that share their rows, each going on where the ones before it were stopped.
 *
 *     npx tsx scripts/resume-shards.ts [points] [steps] [seed]
 *
 * 100 points in 400 steps by default.
 */
import { resumeShards } from './durability/resume-shards.js';

const [points = '100', steps = '400', seed = '1'] = process.argv.slice(2);
const before = performance.now();
const found = await resumeShards({
  clips: 150,
  clipsPerShard: 16,
  points: Number(points),
  steps: Number(steps),
  seed: Number(seed),
  processes: true,
  onPoint: (point) => {
    if (point % 10 === 0) console.error(`${point} points`);
  },
});
const { otherSamples, otherStates, otherInParts, otherInProcesses = [] } = found;
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${found.points} points in ${found.steps} steps on ${found.shards} shards, workers 1 and 4 in turn: ${otherSamples.length} steps with other samples, ${otherStates.length} states with other bits; in 2 microbatches ${otherInParts.length} steps with other samples; of 1, 2 and 4 processes in turn ${otherInProcesses.length} with other rows; ${seconds} s.`,
);
const all = [otherSamples, otherStates, otherInParts, otherInProcesses];
if (all.some(({ length }) => length > 0)) process.exitCode = 1;
