/**
 * Loses power at random moments of runs, as a model of a disk allows it, and looks for what was lost.
 *
 *     npx tsx scripts/power-loss.ts [states] [seed]      20,000 states by default
 */
import { losePower } from './durability/lose-power.js';

const [states = '20000', seed = '1'] = process.argv.slice(2);
const before = performance.now();
const result = await losePower(Number(states), Number(seed));
for (const fault of result.faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${result.states} losses of power, ${result.faults.length} with something lost, ${seconds} s.`,
);
if (result.faults.length > 0) process.exitCode = 1;
