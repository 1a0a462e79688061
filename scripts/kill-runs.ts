/**
 * Kills pretraining runs at random moments, resumes them, and holds what is on the disk to a run that
 * nobody killed: the newest whole checkpoint after each kill, and the metrics of each run that ends.
 *
 *     npm run build && npx tsx scripts/kill-runs.ts [kills] [inside]      500 kills, 200 of them inside a checkpoint
 *     npx tsx scripts/kill-runs.ts 50 0 stages      runs of two stages: pictures, then videos
 */
import { killRuns } from './durability/kill-runs.js';

const [kills = '500', inside = '200', kind] = process.argv.slice(2);
const before = performance.now();
const result = await killRuns(Number(kills), Number(inside), kind === 'stages');
for (const fault of result.faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${result.kills} kills, ${result.inside} of them inside a checkpoint, ${result.beforeManifest} before a run had its ` +
    `manifest; by stage ${result.byStage.join(' and ')}; ${result.ended} runs ended; ${result.faults.length} faults, ${seconds} s.`,
);
if (result.faults.length > 0) process.exitCode = 1;
