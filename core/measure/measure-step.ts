import { type Program, pretrainingModel } from '../../spec/index.js';
import type { Backend, HostTensor, KernelSourceText, KernelTime } from '../backend.js';
import { PlanRunner, trainingPlan } from '../plan/index.js';
import { matmulFlops } from './matmul-flops.js';
import { productProbe } from './probes.js';
import { inputMaker, type Problem } from './problem.js';
import { steadyTime } from './steady-time.js';

/** What a step took. */
export interface MeasuredSteps {
  readonly compileSeconds: number;
  /** Of the matrix products of a step, forward and backward. */
  readonly gflop: number;
  readonly milliseconds: readonly number[];
  readonly loss: number;
  readonly kernels: readonly KernelTime[];
  readonly sources: readonly KernelSourceText[];
}

/** What a step took, and what the same device does in one plain product. */
export interface Measured extends MeasuredSteps {
  readonly productGflopsPerSecond: number;
}

export interface StepOptions {
  /** Steps that count. */
  readonly steps: number;
  /** Milliseconds that they take together at least: there are more of them, up to 20 times as many. @defaultValue 0 */
  readonly least?: number;
  /** Whether one more step runs with a clock on each kernel. @defaultValue false */
  readonly profile?: boolean;
  readonly onProgress: (line: string) => void;
  /** Called after the two steps that do not count. */
  readonly onWarm?: () => void;
  /** Ends it between two steps. */
  readonly signal?: AbortSignal;
}

export interface MeasureOptions extends StepOptions {
  /** The edge of the square product. */
  readonly edge: number;
}

/** Measures a square product, then training steps. */
export async function measureStep(
  backend: Backend,
  problem: Problem,
  options: MeasureOptions,
): Promise<Measured> {
  const { edge, onProgress } = options;
  onProgress(`product of ${edge} x ${edge} matrices ...`);
  const probe = productProbe([edge, edge, edge]);
  const productGflopsPerSecond = probe.flops / (await steadyTime(backend, probe)) / 1e6;
  onProgress(`${productGflopsPerSecond.toFixed(1)} GFLOP/s; compiling the step ...`);
  return { ...(await measureSteps(backend, problem, options)), productGflopsPerSecond };
}

/**
 * Measures training steps; two come before the first that counts.
 * @throws The signal's reason, once it is aborted.
 */
export async function measureSteps(
  backend: Backend,
  { config, shape }: Problem,
  { steps, least = 0, profile = false, onProgress, onWarm = () => {}, signal }: StepOptions,
): Promise<MeasuredSteps> {
  const make = inputMaker(shape);
  const plan = trainingPlan(config, shape);
  const step = plan.programs.step as Program;
  const feeds = Object.fromEntries(step.inputs.map((input) => [input.name, make(input)]));
  const made = ({ name }: { readonly name: string }): HostTensor => feeds[name] as HostTensor;
  const runner = await PlanRunner.open(backend, plan, made, made);
  const milliseconds: number[] = [];
  let loss = Number.NaN;
  let spent = 0;
  for (let i = -2; i < steps || (spent < least && i < 20 * steps); i++) {
    if (signal?.aborted === true) break;
    if (i === 0) onWarm();
    const start = performance.now();
    loss = (await runner.step(feeds)).loss ?? Number.NaN;
    const time = performance.now() - start;
    if (i >= 0) {
      milliseconds.push(time);
      spent += time;
    }
    onProgress(
      `step ${i + 3} of ${Math.max(steps, i + 1) + 2}: loss ${loss.toFixed(4)}, ${time.toFixed(0)} ms`,
    );
  }
  const kernels: KernelTime[] = [];
  if (profile) await runner.step(feeds, { onKernels: (times) => kernels.push(...times) });
  const sources = [...runner.executables.values()].flatMap((each) => each.sources ?? []);
  const { compileSeconds } = runner;
  await runner.dispose();
  signal?.throwIfAborted();
  const gflop = (3 * matmulFlops(pretrainingModel(config, shape).program)) / 1e9;
  return { compileSeconds, gflop, milliseconds, loss, kernels, sources };
}
