/**
 * Flips one bit anywhere in the folder of a run, and looks whether it is noticed and the last whole
 * checkpoint is taken.
 *
 *     npx tsx scripts/flip-bits.ts [flips] [seed]      10,000 flips by default
 */
import { flipBits } from './durability/flip-bits.js';

const [flips = '10000', seed = '1'] = process.argv.slice(2);
const before = performance.now();
const result = await flipBits(Number(flips), Number(seed));
for (const fault of result.faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${result.flips} flipped bits, ${result.newest} of them in the newest checkpoint, ${result.faults.length} not met, ${seconds} s.`,
);
if (result.faults.length > 0) process.exitCode = 1;
