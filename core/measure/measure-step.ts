import { matmul, type Program, ProgramBuilder, pretrainingModel, slice } from '../../spec/index.js';
import type { Backend, HostTensor, KernelSourceText, KernelTime } from '../backend.js';
import { PlanRunner, trainingPlan } from '../plan/index.js';
import { matmulFlops } from './matmul-flops.js';
import { inputMaker, type Problem } from './problem.js';

/** What a step took, and what the same device does in one plain product. */
export interface Measured {
  readonly compileSeconds: number;
  /** Of the matrix products of a step, forward and backward. */
  readonly gflop: number;
  readonly milliseconds: readonly number[];
  readonly loss: number;
  readonly productGflopsPerSecond: number;
  readonly kernels: readonly KernelTime[];
  readonly sources: readonly KernelSourceText[];
}

export interface MeasureOptions {
  readonly steps: number;
  /** The edge of the square product. */
  readonly edge: number;
  /** Whether one more step runs with a clock on each kernel. */
  readonly profile: boolean;
  readonly onProgress: (line: string) => void;
  /** Called after the two steps that do not count. */
  readonly onWarm?: () => void;
}

/** Measures a square product, then training steps; two steps before the first that counts. */
export async function measureStep(
  backend: Backend,
  { config, shape }: Problem,
  { steps, edge, profile, onProgress, onWarm = () => {} }: MeasureOptions,
): Promise<Measured> {
  const make = inputMaker(shape);
  onProgress(`product of ${edge} x ${edge} matrices ...`);
  const productGflopsPerSecond = await productRate(backend, edge, make);
  const plan = trainingPlan(config, shape);
  const step = plan.programs.step as Program;
  onProgress(`${productGflopsPerSecond.toFixed(1)} GFLOP/s; compiling the step ...`);
  const feeds = Object.fromEntries(step.inputs.map((input) => [input.name, make(input)]));
  const made = ({ name }: { readonly name: string }): HostTensor => feeds[name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, made, made);
  const milliseconds: number[] = [];
  let loss = Number.NaN;
  for (let i = -2; i < steps; i++) {
    if (i === 0) onWarm();
    const start = performance.now();
    loss = (await runner.step(feeds)).loss ?? Number.NaN;
    const time = performance.now() - start;
    if (i >= 0) milliseconds.push(time);
    onProgress(`step ${i + 3} of ${steps + 2}: loss ${loss.toFixed(4)}, ${time.toFixed(0)} ms`);
  }
  const kernels: KernelTime[] = [];
  if (profile) await runner.step(feeds, { onKernels: (times) => kernels.push(...times) });
  const sources = [...runner.executables.values()].flatMap((each) => each.sources ?? []);
  const { compileSeconds } = runner;
  await runner.dispose();
  const gflop = (3 * matmulFlops(pretrainingModel(config, shape).program)) / 1e9;
  return { compileSeconds, gflop, milliseconds, loss, productGflopsPerSecond, kernels, sources };
}

async function productRate(
  backend: Backend,
  edge: number,
  make: ReturnType<typeof inputMaker>,
): Promise<number> {
  const builder = new ProgramBuilder('product');
  const shape = [edge, edge];
  const a = builder.input('a', 'f32', shape, 'parameter');
  const b = builder.input('b', 'f32', shape, 'parameter');
  builder.output('c', matmul(a, b));
  const executable = await backend.compile(builder.finish());
  const operand = (name: string): HostTensor =>
    make({ name, dtype: 'f32', shape, role: 'parameter' });
  const inputs = { a: await backend.upload(operand('a')), b: await backend.upload(operand('b')) };
  // The corner of the result is read, so that a device which works ahead has done it all.
  const corner = new ProgramBuilder('corner');
  const c = corner.input('c', 'f32', shape, 'data');
  corner.output('corner', slice(slice(c, 0, edge - 1, edge), 1, edge - 1, edge));
  const reader = await backend.compile(corner.finish());
  let best = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let run = 0; run < 30 && (run < 3 || performance.now() - begin < 5000); run++) {
    const start = performance.now();
    const made = await executable.run(inputs);
    const read = await reader.run({ c: made.c as NonNullable<typeof made.c> });
    await backend.download(read.corner as NonNullable<typeof read.corner>);
    best = Math.min(best, performance.now() - start);
    for (const tensor of [...Object.values(made), ...Object.values(read)]) backend.release(tensor);
  }
  for (const tensor of Object.values(inputs)) backend.release(tensor);
  await executable.dispose();
  await reader.dispose();
  return (2 * edge ** 3) / best / 1e6;
}
