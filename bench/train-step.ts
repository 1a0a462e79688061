/**
 * One ViT-B/16 joint training step on the CPU: 16 x 224 x 224, tube mask 0.9, batch 2, forward,
 * backward and AdamW of every parameter, as a share of a 1024-cubed matrix product measured in the
 * same process.
 *
 *   npx tsx bench/train-step.ts [--steps 5] [--threads 2] [--size small|base] [--backends onnx,tfjs]
 *
 * FLOPs are 3 x those of the forward matrix products. Prints one line of JSON for each backend; for
 * tfjs also where the time of a step goes, by operation of TensorFlow.js.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import { loadTfjs, type Tfjs, TfjsBackend } from '../backends/tfjs/index.js';
import { inputMaker, problemNamed } from '../cli/bench/problem.js';
import type { Backend, HostTensor } from '../core/backend.js';
import { matmulFlops } from '../core/matmul-flops.js';
import { PlanRunner, trainingPlan } from '../core/plan/index.js';
import { matmul, type Program, ProgramBuilder, pretrainingModel } from '../spec/index.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    size: { type: 'string', default: 'base' },
    backends: { type: 'string', default: 'onnx' },
  },
});

const { config: CONFIG, shape: SHAPE } = problemNamed(values.size);
const MATMUL = 1024;
const tensor = inputMaker(SHAPE);

async function matmulRate(backend: Backend): Promise<number> {
  const builder = new ProgramBuilder('matmul');
  const shape = [MATMUL, MATMUL];
  const operands = ['a', 'b'].map((name) => builder.input(name, 'f32', shape, 'data'));
  builder.output('c', matmul(...(operands as [(typeof operands)[0], (typeof operands)[0]])));
  const executable = await backend.compile(builder.finish());
  const a = await backend.upload(tensor({ name: 'a', dtype: 'f32', shape, role: 'parameter' }));
  const b = await backend.upload(tensor({ name: 'b', dtype: 'f32', shape, role: 'parameter' }));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    const { c } = await executable.run({ a, b });
    best = Math.min(best, performance.now() - start);
    if (c !== undefined) backend.release(c);
  }
  for (const each of [a, b]) backend.release(each);
  await executable.dispose();
  return (2 * MATMUL ** 3) / best / 1e6;
}

function peakMegabytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Milliseconds by operation of TensorFlow.js, which run one after the other on the CPU. */
const spent = new Map<string, number>();

/** The module with a clock in every operation. */
function timed(tf: Tfjs): Tfjs {
  return new Proxy(tf, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return (...operands: unknown[]): unknown => {
        const start = performance.now();
        const result: unknown = Reflect.apply(member, target, operands);
        spent.set(name, (spent.get(name) ?? 0) + performance.now() - start);
        return result;
      };
    },
  });
}

async function open(name: string): Promise<Backend> {
  if (name === 'onnx') return ONNX.open({ device: 'cpu', threads: Number(values.threads) });
  const library = await loadTfjs('cpu');
  return new TfjsBackend({ ...library, tf: timed(library.tf) });
}

async function measure(name: string): Promise<void> {
  const backend = await open(name);
  const peak = await matmulRate(backend);
  const flops = 3 * matmulFlops(pretrainingModel(CONFIG, SHAPE).program);
  const plan = trainingPlan(CONFIG, SHAPE);
  const step = plan.programs.step as Program;
  const named = step.inputs.map((input) => [input.name, tensor(input)]);
  const tensors = Object.fromEntries(named) as Record<string, HostTensor>;
  const made = (input: { readonly name: string }): HostTensor => tensors[input.name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, made, made);
  console.log(
    `${name}: compiled in ${runner.compileSeconds.toFixed(1)} s; matmul ${peak.toFixed(0)} GFLOP/s`,
  );

  const times: number[] = [];
  const steps = Number(values.steps);
  for (let i = 0; i < steps + 2; i++) {
    if (i === 2) spent.clear();
    const start = performance.now();
    const metrics = await runner.step(tensors);
    times.push(performance.now() - start);
    const loss = metrics.loss?.toFixed(5);
    console.log(`step ${i + 1}: loss ${loss}, ${(times.at(-1) ?? 0).toFixed(0)} ms`);
  }
  const sorted = times.slice(2).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const rate = flops / median / 1e6;
  console.log(
    JSON.stringify({
      backend: name,
      size: values.size,
      gflop: +(flops / 1e9).toFixed(1),
      milliseconds: +median.toFixed(0),
      gflopsPerSecond: +rate.toFixed(1),
      matmulGflopsPerSecond: +peak.toFixed(1),
      shareOfMatmul: +(rate / peak).toFixed(3),
      peakMegabytes: Math.round(peakMegabytes()),
    }),
  );
  const slowest = [...spent].sort(([, a], [, b]) => b - a).slice(0, 12);
  for (const [operation, milliseconds] of slowest) {
    console.log(`  ${operation.padEnd(12)} ${(milliseconds / steps).toFixed(0)} ms a step`);
  }
  await runner.dispose();
  await backend.dispose();
}

for (const name of values.backends.split(',')) await measure(name);
