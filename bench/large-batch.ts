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
import type { HostTensor } from '../core/backend.js';
import { planMemory } from '../core/measure/plan-memory.js';
import { inputMaker, problemNamed } from '../core/measure/problem.js';
import { PlanRunner, trainingPlan } from '../core/plan/index.js';
import { clipTokens, elementCount, type ProgramInput } from '../spec/index.js';

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
const make = inputMaker({ batch, visible });
const before = memory('VmRSS');
console.error(
  `predicted ${JSON.stringify(
    Object.fromEntries(Object.entries(predicted).map(([k, v]) => [k, Math.round(v / MIB)])),
  )} MiB, beside ${Math.round(before / MIB)} MiB of the process`,
);
const runner = await PlanRunner.open(
  backend,
  plan,
  (spec) => make({ ...spec, dtype: 'f32' }),
  (table) => make(table),
);
console.error(
  `compiled in ${runner.compileSeconds.toFixed(1)} s, ${Math.round(memory('VmRSS') / MIB)} MiB`,
);
const start = performance.now();
const counts: Record<string, number> = {};
for (const [key, executable] of runner.executables) {
  const run = executable.run.bind(executable);
  executable.run = async (inputs) => {
    const outputs = await run(inputs);
    const count = (counts[key] ?? 0) + 1;
    counts[key] = count;
    if ((count & (count - 1)) === 0) {
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.error(`${key} ${count}: ${seconds} s, ${Math.round(memory('VmRSS') / MIB)} MiB`);
    }
    return outputs;
  };
}

const metrics: Record<string, number>[] = [];
const feeds = globalFeeds();
for (let step = 0; step < Number(values.steps); step++)
  metrics.push({ ...(await runner.step(feeds)) });
const seconds = (performance.now() - start) / 1000 / Number(values.steps);
await runner.dispose();
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
    metrics: metrics.at(-1),
    predictedMiB: Math.round(expected / MIB),
    measuredMiB: Math.round(measured / MIB),
    ratio: +(measured / expected).toFixed(3),
  }),
);
await backend.dispose();

/** The data of the global batch: what the parts are cut from. */
function globalFeeds(): Record<string, HostTensor> {
  const found: Record<string, HostTensor> = {};
  for (const { program, repeat, rows } of plan.calls) {
    for (const input of plan.programs[program]?.inputs ?? []) {
      if (input.name === rows || (input.role !== 'data' && input.role !== 'schedule')) continue;
      if (found[input.name] !== undefined || plan.scratch.some(({ name }) => name === input.name))
        continue;
      found[input.name] = made(input, input.role === 'data' ? repeat : 1);
    }
  }
  return found;
}

function made(input: ProgramInput, repeat: number): HostTensor {
  const [first = 1, ...rest] = input.shape;
  const shape = input.shape.length === 0 ? [] : [repeat * first, ...rest];
  const tensor = { ...input, shape };
  // By hand for frames: from a list of numbers, they would pass through eight times their memory.
  if (input.dtype !== 'u8') return make(tensor);
  const data = new Uint8Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i, 2654435761) >>> 24) & 255;
  return { dtype: input.dtype, shape, data };
}
