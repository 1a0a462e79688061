/**
 * Kills one of the processes of a run of several, Node's or Python's, at random moments, or stops one as if its machine could not be
 * reached; sees that all others end, goes on, half of the time on 1, 3 or 4 processes in place of 2, and holds
 * what the run learned from, sample by sample, to a run that nobody killed.
 *
 *     npm run build && LACUNA_XLA=... npx tsx scripts/kill-hosts.ts [kills] [seconds]      100 kills, however long they take
 */
import { killHosts } from './durability/kill-hosts.js';

const [kills = '100', seconds = 'Infinity'] = process.argv.slice(2);
const before = performance.now();
const result = await killHosts(Number(kills), Number(seconds), (line) => console.log(line));
for (const fault of result.faults.slice(0, 20)) console.log(`FAULT ${fault}`);
const { byKind, resumedOn, faults, ...numbers } = result;
for (const [kind, count] of Object.entries(byKind)) console.log(`${count} x ${kind}`);
console.log(
  `went on: ${Object.entries(resumedOn)
    .map(([n, count]) => `${count} times on ${n}`)
    .join(', ')}`,
);
console.log(
  `${numbers.kills} kills, ${numbers.inside} inside a checkpoint, ${numbers.beforeSteps} before the first step, ${numbers.early} before all had come; ` +
    `${numbers.ended} runs ended: ${numbers.lost} samples lost, ${numbers.repeated} repeated, losses apart by ${numbers.apart.toExponential(1)} at most; ` +
    `${numbers.hangs} hangs above 20 s, the others ended within ${numbers.longest.toFixed(1)} s, half of them within ${numbers.median.toFixed(1)} s; ` +
    `${faults.length} faults, ${((performance.now() - before) / 1000).toFixed(0)} s.`,
);
if (faults.length > 0 || numbers.lost + numbers.repeated + numbers.hangs > 0) process.exitCode = 1;
