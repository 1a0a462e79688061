/**
 * One joint step (MAE, and InfoNCE with a batch-norm head) of a batch that no machine holds at once, in
 * parts: the memory that it takes beside the memory that is predicted.
 *
 *   npx tsx bench/large-batch.ts [--batch 512] [--part 1] [--size tiny|small|base] [--frames 16]
 *     [--mask 0.9] [--steps 1] [--threads 2]
 *
 * Numbers are made up, no videos are read. Prints one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import { benchPlan } from '../core/measure/bench-plan.js';
import { planMemory } from '../core/measure/plan-memory.js';
import { problemNamed } from '../core/measure/problem.js';
import { type PlanRunner, trainingPlan } from '../core/plan/index.js';
import { clipTokens } from '../spec/index.js';

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '512' },
    part: { type: 'string', default: '1' },
    size: { type: 'string', default: 'base' },
    frames: { type: 'string', default: '16' },
    mask: { type: 'string', default: '0.9' },
    steps: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});

const MIB = 2 ** 20;

function memory(field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}

const { config: whole } = problemNamed(values.size);
const video = { ...whole.video, frames: Number(values.frames) };
const config = { ...whole, video };
const batch = Number(values.batch);
const tokens = clipTokens(video);
const visible = tokens - Math.floor(Number(values.mask) * tokens);
const microbatches = batch / Number(values.part);
const backend = await ONNX.open({ device: 'cpu', threads: Number(values.threads) });
const plan = trainingPlan(config, { batch, visible }, { microbatches, gradientNorm: true });
const { memory: habits } = backend.info;
if (habits === undefined) throw new Error('the backend does not say how it keeps memory');
const predicted = planMemory(plan, habits);
const before = memory('VmRSS');
console.error(
  `predicted ${JSON.stringify(
    Object.fromEntries(Object.entries(predicted).map(([k, v]) => [k, Math.round(v / MIB)])),
  )} MiB, beside ${Math.round(before / MIB)} MiB of the process`,
);
const start = performance.now();
const { stepSeconds, metrics } = await benchPlan(backend, plan, {
  visible,
  warm: 0,
  steps: Number(values.steps),
  onOpen: watch,
});
const seconds = stepSeconds.reduce((sum, each) => sum + each, 0) / stepSeconds.length;
const measured = memory('VmHWM');
const expected = predicted.peak + before;
console.log(
  JSON.stringify({
    size: values.size,
    batch,
    part: Number(values.part),
    frames: video.frames,
    visible,
    tokens,
    secondsPerStep: +seconds.toFixed(1),
    metrics,
    predictedMiB: Math.round(expected / MIB),
    measuredMiB: Math.round(measured / MIB),
    ratio: +(measured / expected).toFixed(3),
  }),
);
await backend.dispose();

/** Tells how far each program is. */
function watch({ executables, compileSeconds }: PlanRunner): void {
  console.error(
    `compiled in ${compileSeconds.toFixed(1)} s, ${Math.round(memory('VmRSS') / MIB)} MiB`,
  );
  const counts: Record<string, number> = {};
  for (const [key, executable] of executables) {
    const run = executable.run.bind(executable);
    executable.run = async (inputs) => {
      const outputs = await run(inputs);
      const count = (counts[key] ?? 0) + 1;
      counts[key] = count;
      if ((count & (count - 1)) === 0) {
        const passed = ((performance.now() - start) / 1000).toFixed(0);
        console.error(`${key} ${count}: ${passed} s, ${Math.round(memory('VmRSS') / MIB)} MiB`);
      }
      return outputs;
    };
  }
}
