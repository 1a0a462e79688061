import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { backendOption } from '../../core/backend-option.js';
import { expand } from '../../core/passes/expand.js';
import { requireSplit, rowInputs } from '../../core/plan/batch-rows.js';
import { printProgram } from '../../core/text/print.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program } from '../../spec/program/index.js';
import { INSTALL, PRECISIONS, packageFolder, pythonFor, type XlaDevice } from './process.js';

const CLAIMS = ['attention', 'attention_grad'];

/** Devices that a step can be compiled for, and what it is compiled by. */
const TARGETS: Readonly<Record<string, XlaDevice>> = { cpu: 'cpu', h100: 'cuda', v5e: 'tpu' };

/** How a step is compiled for devices. */
export interface SplitOptions {
  /** @defaultValue `f32` */
  readonly precision?: string | undefined;
  /** @defaultValue false: state is whole on each device */
  readonly shardState?: boolean | undefined;
}

/** What one device of several computes, holds and sends in a step; sizes in bytes. */
export interface SplitPlan {
  readonly devices: number;
  /** What XLA calls them. */
  readonly kind: string;
  /** Inputs of the batch, split over the devices. */
  readonly split: readonly string[];
  /** Data that every device has whole, since its first extent is not the batch. */
  readonly whole: readonly string[];
  /** By kind: how many, the bytes of all results on one device, and the largest of them (`f32[8,512]`). */
  readonly collectives: Readonly<Record<string, Collective>>;
  /** Operations of one device, by 10^9. */
  readonly gflop: number;
  /**
   * How they are counted. `products`: of matrix products, in what XLA has compiled, of a loop as often as it turns. `all`: as XLA
   * counts them, a loop once.
   */
  readonly counted: 'products' | 'all';
  readonly inputs: number;
  readonly outputs: number;
  /** What lies between operations, at most. */
  readonly between: number;
  /** The version of JAX. */
  readonly jax: string;
}

interface Collective {
  readonly count: number;
  readonly bytes: number;
  readonly largest: string;
}

const bytes = z.int().min(0);
const names = z.array(z.string());
const SPLIT: z.ZodType<SplitPlan> = z.strictObject({
  devices: z.int().min(1),
  kind: z.string(),
  split: names,
  whole: names,
  collectives: z.record(
    z.string(),
    z.strictObject({
      count: z.int().min(1),
      bytes,
      largest: z.string(),
    }),
  ),
  gflop: z.number(),
  counted: z.enum(['products', 'all']),
  inputs: bytes,
  outputs: bytes,
  between: bytes,
  jax: z.string(),
});

/**
 * Compiles a program for the devices of a target, which need not be there, with the batch split over them:
 * inputs of role `data` whose first extent is the batch. All else is on every device, but for state that is sharded.
 *
 * @param target `cpuxN`: N simulated devices of a CPU; `h100xN`: GPUs, eight a host; `v5exN`: a slice of TPU v5e.
 * @throws LacunaError where the batch does not divide, the target is unknown, the environment lacks its compiler, or XLA refuses.
 */
export async function planSplit(
  program: Program,
  batch: number,
  target: string,
  { precision, shardState = false }: SplitOptions = {},
): Promise<SplitPlan> {
  const [compiler, devices] = partsOf(target);
  requireSplit({ batch }, { devices }, target);
  const split = rowInputs(program, batch);
  const rows = program.inputs.flatMap(({ name }, place) => (split.includes(name) ? [place] : []));
  const factors = backendOption('xla', 'precision', PRECISIONS, precision);
  const options = ['--target', target, '--rows', rows.join(','), '--precision', factors];
  if (shardState) options.push('--shard-state');
  const child = spawn(pythonFor(compiler), ['-m', 'lacuna_xla.plan', ...options], {
    cwd: packageFolder(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let unstarted = '';
  child.on('error', ({ message }) => {
    unstarted = message;
  });
  // Whoever ends early is heard by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(printProgram(expand(program, (name) => CLAIMS.includes(name))));
  const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await ended) !== 0) {
    const last = unstarted || (errors.trim().split('\n').at(-1) ?? '');
    const isMissing = last.startsWith('this environment has no ');
    throw new LacunaError({
      where: target,
      what: 'XLA does not compile the step',
      got: last.slice(0, 2000),
      ...(isMissing
        ? {
            fix: `Make one that has: ${INSTALL[compiler]} --compile-only --folder .xla-${compiler}, then export LACUNA_XLA as it says.`,
          }
        : {}),
    });
  }
  return SPLIT.parse(JSON.parse(said));
}

/** What a target is compiled by, and how many devices it has. */
function partsOf(target: string): readonly [XlaDevice, number] {
  const [, kind = '', count] = /^([a-z0-9]+)x([1-9]\d{0,3})$/.exec(target) ?? [];
  const compiler = Object.hasOwn(TARGETS, kind) ? TARGETS[kind] : undefined;
  if (compiler !== undefined) return [compiler, Number(count)];
  throw new LacunaError({
    what: 'there is no target of this name',
    got: target,
    expected: 'cpuxN, h100xN or v5exN, for N devices: h100x8',
  });
}
