import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { backendOption } from '../../core/backend-option.js';
import { expand } from '../../core/passes/expand.js';
import { requireSplit, rowInputs } from '../../core/plan/batch-rows.js';
import { printProgram } from '../../core/text/print.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program } from '../../spec/program/index.js';
import { PRECISIONS, packageFolder, pythonFor } from './process.js';

const CLAIMS = ['attention', 'attention_grad'];

/** What one device of several computes, holds and sends in a step; sizes in bytes. */
export interface SplitPlan {
  readonly devices: number;
  /** Inputs of the batch, split over the devices. */
  readonly split: readonly string[];
  /** Data that every device has whole, since its first extent is not the batch. */
  readonly whole: readonly string[];
  /** By kind: how many, the bytes of all results on one device, and the largest of them (`f32[8,512]`). */
  readonly collectives: Readonly<Record<string, Collective>>;
  /** Of one device, as XLA counts them: a loop once. */
  readonly gflop: number;
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
  inputs: bytes,
  outputs: bytes,
  between: bytes,
  jax: z.string(),
});

/**
 * Compiles a program for the devices of a target, which need not be there, with the batch split over them:
 * inputs of role `data` whose first extent is the batch. All else is on every device.
 *
 * @param target `cpuxN`: N simulated devices of a CPU.
 * @throws LacunaError where the batch does not divide, the target is unknown, or XLA refuses.
 */
export async function planSplit(
  program: Program,
  batch: number,
  target: string,
  precision?: string,
): Promise<SplitPlan> {
  const devices = devicesOf(target);
  requireSplit({ batch }, { devices }, target);
  const split = rowInputs(program, batch);
  const rows = program.inputs.flatMap(({ name }, place) => (split.includes(name) ? [place] : []));
  const factors = backendOption('xla', 'precision', PRECISIONS, precision);
  const options = ['--target', target, '--rows', rows.join(','), '--precision', factors];
  const child = spawn(pythonFor('cpu'), ['-m', 'lacuna_xla.plan', ...options], {
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
    throw new LacunaError({ where: target, what: 'XLA does not compile the step', got: last });
  }
  return SPLIT.parse(JSON.parse(said));
}

function devicesOf(target: string): number {
  const [, count] = /^cpux([1-9]\d{0,3})$/.exec(target) ?? [];
  if (count !== undefined) return Number(count);
  throw new LacunaError({
    what: 'there is no target of this name',
    got: target,
    expected: 'cpux4, or another number of simulated devices',
  });
}
