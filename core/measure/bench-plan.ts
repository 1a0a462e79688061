import { elementCount, type ProgramInput } from '../../spec/index.js';
import type { Backend, HostTensor } from '../backend.js';
import { type Plan, PlanRunner } from '../plan/index.js';
import { inputMaker } from './problem.js';

/** What steps of a plan took, with made-up numbers in place of clips. */
export interface BenchedPlan {
  readonly compileSeconds: number;
  /** Of each step that counts. */
  readonly stepSeconds: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
}

export interface BenchPlanOptions {
  /** Tokens that the encoder sees of a clip. */
  readonly visible: number;
  /** Steps before the first that counts. */
  readonly warm: number;
  readonly steps: number;
  /** Told of each step that is done. */
  readonly onStep?: (step: number, seconds: number) => void;
  /** Is handed the runner before the first step. */
  readonly onOpen?: (runner: PlanRunner) => void;
}

/** Runs steps of a plan and measures them. No videos are read. */
export async function benchPlan(
  backend: Backend,
  plan: Plan,
  { visible, warm, steps, onStep, onOpen }: BenchPlanOptions,
): Promise<BenchedPlan> {
  const make = inputMaker({ batch: 1, visible });
  const runner = await PlanRunner.open(
    backend,
    plan,
    (spec) => make({ ...spec, dtype: 'f32' }),
    (table) => make(table),
  );
  try {
    onOpen?.(runner);
    const feeds = globalFeeds(plan, make);
    const stepSeconds: number[] = [];
    let metrics: Readonly<Record<string, number>> = {};
    for (let step = -warm; step < steps; step++) {
      const start = performance.now();
      metrics = await runner.step(feeds);
      const seconds = (performance.now() - start) / 1000;
      if (step >= 0) stepSeconds.push(seconds);
      onStep?.(step + warm + 1, seconds);
    }
    return { compileSeconds: runner.compileSeconds, stepSeconds, metrics };
  } finally {
    await runner.dispose();
  }
}

/** The data of the global batch: what the parts are cut from. */
function globalFeeds(
  plan: Plan,
  make: ReturnType<typeof inputMaker>,
): Readonly<Record<string, HostTensor>> {
  const kept = new Set([...plan.state, ...plan.scratch].map(({ name }) => name));
  const found: Record<string, HostTensor> = {};
  for (const { program, repeat, rows } of plan.calls) {
    for (const input of plan.programs[program]?.inputs ?? []) {
      if (input.name === rows || (input.role !== 'data' && input.role !== 'schedule')) continue;
      if (found[input.name] !== undefined || kept.has(input.name)) continue;
      found[input.name] = made(input, input.role === 'data' ? repeat : 1, make);
    }
  }
  return found;
}

function made(
  input: ProgramInput,
  repeat: number,
  make: ReturnType<typeof inputMaker>,
): HostTensor {
  const [first = 1, ...rest] = input.shape;
  const shape = input.shape.length === 0 ? [] : [repeat * first, ...rest];
  if (input.dtype !== 'u8') return make({ ...input, shape });
  // By hand for frames: from a list of numbers, they would pass through eight times their memory.
  const data = new Uint8Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i, 2654435761) >>> 24) & 255;
  return { dtype: input.dtype, shape, data };
}
