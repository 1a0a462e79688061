/**
 * The joint step of `steps.json` by Lacuna, for `bench/step-peers.ts`: `step.ts SIZE THREADS [BATCH] [TRACE]`. What depends on
 * no parameter (pixels, positions, targets) is made outside the step, as PyTorch's is. Prints a line of JSON once
 * it can begin, then runs a step for each line that it is sent, and prints what it took. With TRACE, a path, ONNX Runtime's
 * own trace is written beside it at the end.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { OnnxBackend } from '../../backends/onnx/index.js';
import type { HostTensor } from '../../core/backend.js';
import { inputMaker } from '../../core/measure/problem.js';
import { removeDeadCode } from '../../core/passes/dead-code.js';
import { declarations } from '../../core/passes/rewrite.js';
import { oneCallPlan, PlanRunner } from '../../core/plan/index.js';
import {
  elementCount,
  isFloat,
  type Model,
  type ModelConfig,
  type Program,
  type ProgramInput,
  pretrainingModel,
} from '../../spec/index.js';
import type { StepSize } from '../step-peers.js';

const SHARED = 512;

function configOf(size: StepSize): ModelConfig {
  const { slots, grid, side, patch, width, depth, heads, decoder } = size;
  const tubelet = patch / (3 * side * side);
  return {
    video: { frames: slots * tubelet, size: grid * side, tubelet, patch: side },
    encoder: { width, depth, heads, ...(decoder === undefined ? { classToken: true } : {}) },
    ...(decoder === undefined ? {} : { mae: { decoder } }),
    contrastive: {
      temperature: { kind: 'fixed', value: 0.1 },
      text: { frozen: true, width: SHARED },
      textProjection: { kind: 'none', width: SHARED },
      videoProjection: { kind: 'mlp', width: SHARED },
      pool: decoder === undefined ? 'class' : 'mean',
    },
  };
}

/** The program with what depends on no parameter as inputs, where something that does reads it. */
function prepared(program: Program): Program {
  const given = new Set(['data', 'constant']);
  const learned = new Set(
    program.inputs.filter(({ role }) => !given.has(role)).map(({ name }) => name),
  );
  const made = new Set(program.inputs.map(({ name }) => name).filter((name) => !learned.has(name)));
  for (const { operands, results } of program.operations) {
    const names = results.map(({ name }) => name);
    if (operands.some((name) => learned.has(name))) for (const name of names) learned.add(name);
    else if (operands.some((name) => made.has(name))) for (const name of names) made.add(name);
  }
  const types = declarations(program);
  const isInput = new Set(program.inputs.map(({ name }) => name));
  const read = new Set(
    program.operations
      .filter(({ results }) => results.some(({ name }) => learned.has(name)))
      .flatMap(({ operands }) => operands)
      .filter((name) => made.has(name) && !isInput.has(name)),
  );
  const inputs = [...read].flatMap((name): ProgramInput[] => {
    const type = types.get(name);
    return type !== undefined && isFloat(type.dtype) ? [{ ...type, role: 'data' }] : [];
  });
  const cut = new Set(inputs.map(({ name }) => name));
  const operations = program.operations.filter(
    ({ results }) => !results.some(({ name }) => cut.has(name)),
  );
  const live = removeDeadCode({ ...program, operations });
  const needed = new Set(live.operations.flatMap(({ operands }) => operands));
  return { ...live, inputs: [...program.inputs, ...inputs].filter(({ name }) => needed.has(name)) };
}

const [name = '', threads = '1', batch = '', trace] = process.argv.slice(2);
const sizes = JSON.parse(readFileSync(new URL('steps.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, StepSize>
>;
const size = sizes[name];
if (size === undefined) throw new Error(`there is no size ${name}`);
const shape = { batch: Number(batch === '' ? size.batch : batch), visible: size.visible };
const model: Model = pretrainingModel(configOf(size), shape);
const plan = oneCallPlan({ ...model, program: prepared(model.program) });
const make = inputMaker(shape);
const backend = await OnnxBackend.open({
  device: 'cpu',
  threads: Number(threads),
  ...(trace === undefined ? {} : { trace }),
});
let noise = 7;
/** Data of deviation 1, as pixels and targets have; what the step learns from inputs of a few hundredths is flat. */
function data(length: number): Float32Array {
  return Float32Array.from({ length }, () => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    return (noise / 2 ** 31 - 1) * Math.sqrt(3);
  });
}
const runner = await PlanRunner.open(
  backend,
  plan,
  ({ name, shape, role }) => {
    if (role === 'optimizer')
      return { dtype: 'f32', shape, data: new Float32Array(elementCount(shape)) };
    if (/norm.*weight$/.test(name))
      return { dtype: 'f32', shape, data: new Float32Array(elementCount(shape)).fill(1) };
    return make({ name, shape, dtype: 'f32', role });
  },
  (table) => make(table),
);
/** Corrections of moments are those of a late step, 1: an early one's would throw the weights about. */
function feedOf({ name, dtype, shape, role }: ProgramInput): HostTensor {
  if (role === 'schedule') {
    return { dtype: 'f32', shape, data: Float32Array.of(name === 'schedule.lr' ? 1e-4 : 1) };
  }
  if (dtype !== 'f32') return make({ name, dtype, shape, role });
  return { dtype, shape, data: data(elementCount(shape)) };
}
const feeds = Object.fromEntries(
  (plan.programs.step?.inputs ?? [])
    .filter(({ role }) => role === 'data' || role === 'schedule')
    .map((input) => [input.name, feedOf(input)]),
);
const parameters = plan.state
  .filter(({ role }) => role === 'parameter')
  .reduce((sum, each) => sum + elementCount(each.shape), 0);
const engine = `Lacuna, ONNX Runtime ${backend.info.version}`;
console.log(JSON.stringify({ engine, parameters }));
for await (const _ of createInterface(process.stdin)) {
  const before = process.cpuUsage();
  const start = performance.now();
  const { loss } = await runner.step(feeds);
  const wall = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(before);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ wall, cpu: (user + system) / 1e6, loss, peak }));
}
await runner.dispose();
await backend.dispose();
