/**
 * Mutates the files of a run folder, a store of similarity maps, a teacher's ONNX files or weights that a
 * run begins with, and opens, reads and writes each mutant: an error must be ours, nothing may take long, nothing outside change.
 *
 *     npx tsx scripts/fuzz-files.ts run|similarity|onnx|weights|shards [mutants] [seed]      100,000 mutants by default
 */
import { fuzzFiles } from './durability/fuzz-files.js';

const [subject = 'run', mutants = '100000', seed = '1'] = process.argv.slice(2);
const before = performance.now();
const result = await fuzzFiles(subject, Number(mutants), Number(seed));
for (const fault of result.faults.slice(0, 20)) console.log(fault);
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${subject}: ${result.mutants} mutants, ${result.refused} refused, ${result.faults.length} faults, ${seconds} s.`,
);
if (result.faults.length > 0) process.exitCode = 1;
