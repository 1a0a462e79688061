/**
 * What the process of XLA costs: the joint step of `lacuna bench` through the backend, the same program inside
 * Python alone, and ONNX Runtime, step by step in turn, so that other work on the machine meets all of them.
 *
 *   LACUNA_XLA=... npx tsx bench/xla-step.ts [--steps 5] [--size tiny|small|base]
 *
 * Prints the least and the median milliseconds of each, and the loss of its last step; and what the step through the process
 * takes of this process's own CPU time, which other work does not stretch as it does time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ONNX } from '../backends/onnx/index.js';
import { XLA } from '../backends/xla/index.js';
import type { Backend, HostTensor } from '../core/backend.js';
import { inputMaker, problemNamed } from '../core/measure/problem.js';
import { expand } from '../core/passes/expand.js';
import { PlanRunner, trainingPlan } from '../core/plan/index.js';
import { printProgram } from '../core/text/print.js';
import { encodeSafetensors } from '../formats/safetensors/safetensors-bytes.js';
import type { Program } from '../spec/program/index.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '5' },
    size: { type: 'string', default: 'small' },
  },
});
const { config, shape } = problemNamed(values.size);
const plan = trainingPlan(config, shape);
const program = plan.programs.step as Program;
const make = inputMaker(shape);
const feeds = Object.fromEntries(program.inputs.map((input) => [input.name, make(input)]));
const made = ({ name }: { readonly name: string }): HostTensor => feeds[name] as HostTensor;

const THROUGH = 'xla, through its process';

/** One step: its milliseconds and its loss. */
type Step = () => Promise<readonly [number, number]>;

async function through(backend: Backend): Promise<Step> {
  const runner = await PlanRunner.open(backend, plan, made, made);
  console.log(`${backend.info.name}: compiled in ${runner.compileSeconds.toFixed(1)} s`);
  return async () => {
    const start = performance.now();
    const { loss = Number.NaN } = await runner.step(feeds);
    return [performance.now() - start, loss];
  };
}

/** The same program inside Python alone. */
async function alone(claims: readonly string[], folder: string): Promise<[Step, ChildProcess]> {
  const [text, inputs] = [join(folder, 'step.txt'), join(folder, 'inputs.safetensors')];
  writeFileSync(text, printProgram(expand(program, (name) => claims.includes(name))));
  writeFileSync(inputs, encodeSafetensors(new Map(Object.entries(feeds))));
  const python = join(process.env.LACUNA_XLA ?? '', 'bin', 'python');
  const script = join(import.meta.dirname, 'peers', 'xla_step.py');
  const sources = join(import.meta.dirname, '..', 'backends', 'xla', 'python');
  const child = spawn(python, [script, sources, text, inputs], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? 'null';
  await line();
  const step: Step = async () => {
    child.stdin.write('step\n');
    return JSON.parse(await line()) as [number, number];
  };
  return [step, child];
}

const folder = mkdtempSync(join(tmpdir(), 'lacuna-xla-step-'));
const [xla, onnx] = [await XLA.open(), await ONNX.open()];
const [python, child] = await alone(xla.info.claims, folder);
const steps: Readonly<Record<string, Step>> = {
  [THROUGH]: await through(xla),
  'xla, inside Python alone': python,
  onnx: await through(onnx),
};
const times = new Map<string, number[]>(Object.keys(steps).map((name) => [name, []]));
const losses = new Map<string, number>();
/** Milliseconds of CPU of this process. */
let own = 0;
try {
  for (let i = -2; i < Number(values.steps); i++) {
    for (const [name, step] of Object.entries(steps)) {
      const before = process.cpuUsage();
      const [milliseconds, loss] = await step();
      const { user, system } = process.cpuUsage(before);
      if (i >= 0 && name === THROUGH) own += (user + system) / 1000;
      losses.set(name, loss);
      if (i >= 0) times.get(name)?.push(milliseconds);
    }
  }
  for (const [name, all] of times) {
    const sorted = all.toSorted((a, b) => a - b);
    const [least = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
    console.log(
      `${name.padEnd(25)} least ${least.toFixed(0)} ms, median ${median.toFixed(0)} ms, loss ${losses.get(name)?.toFixed(6)}`,
    );
  }
  const each = own / Number(values.steps);
  console.log(`of this process ${each.toFixed(1)} ms of CPU a step through the process of XLA`);
} finally {
  child.kill();
  await xla.dispose();
  await onnx.dispose();
  rmSync(folder, { recursive: true });
}
