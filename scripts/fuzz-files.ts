/**
 * Mutates the files of a run folder, a store of similarity maps, a teacher's ONNX files, weights that a run
 * begins with, a conformance report, what a port answers, annotation files, arrays, WebDataset shards or still pictures, and opens, reads and writes each mutant: an
 * error must be ours, nothing may take long, nothing outside change.
 *
 *     npx tsx scripts/fuzz-files.ts run|similarity|onnx|weights|shards|report|port|lists|parquet|arrays|shard|png|jpeg|webp|gif [mutants] [seed]
 *
 * 100,000 mutants by default; says how far it is after each hundredth of them.
 */
import { fuzzFiles } from './durability/fuzz-files.js';

const [subject = 'run', mutants = '100000', seed = '1'] = process.argv.slice(2);
const before = performance.now();
const hundredth = Math.ceil(Number(mutants) / 100);
let told = 0;
const result = await fuzzFiles(subject, Number(mutants), Number(seed), (done) => {
  for (; told < Math.min(done.faults.length, 20); told++) console.log(done.faults[told]);
  if (done.mutants % hundredth === 0)
    console.error(`${done.mutants} mutants, ${done.faults.length} faults`);
});
const seconds = ((performance.now() - before) / 1000).toFixed(0);
console.log(
  `${subject}: ${result.mutants} mutants, ${result.refused} refused, ${result.faults.length} faults, ${seconds} s.`,
);
if (result.faults.length > 0) process.exitCode = 1;
