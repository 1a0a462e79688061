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
import type { Backend } from '../core/backend.js';
import { measureStep } from '../core/measure/measure-step.js';
import { problemNamed } from '../core/measure/problem.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    size: { type: 'string', default: 'base' },
    backends: { type: 'string', default: 'onnx' },
  },
});

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
  const steps = Number(values.steps);
  const measured = await measureStep(backend, problemNamed(values.size), {
    steps,
    edge: 1024,
    profile: false,
    onProgress: (line) => console.log(`${name}: ${line}`),
    onWarm: () => spent.clear(),
  });
  const { gflop, productGflopsPerSecond } = measured;
  const sorted = [...measured.milliseconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const rate = (1000 * gflop) / median;
  console.log(
    JSON.stringify({
      backend: name,
      size: values.size,
      compileSeconds: +measured.compileSeconds.toFixed(1),
      gflop: +gflop.toFixed(1),
      milliseconds: +median.toFixed(0),
      gflopsPerSecond: +rate.toFixed(1),
      matmulGflopsPerSecond: +productGflopsPerSecond.toFixed(1),
      shareOfMatmul: +(rate / productGflopsPerSecond).toFixed(3),
      peakMegabytes: Math.round(peakMegabytes()),
    }),
  );
  const slowest = [...spent].sort(([, a], [, b]) => b - a).slice(0, 12);
  for (const [operation, milliseconds] of slowest) {
    console.log(`  ${operation.padEnd(12)} ${(milliseconds / steps).toFixed(0)} ms a step`);
  }
  await backend.dispose();
}

for (const name of values.backends.split(',')) await measure(name);
