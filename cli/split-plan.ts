import { planSplit, type SplitPlan } from '../backends/xla/index.js';
import type { RunSettings } from '../run/index.js';
import { LacunaError, type Program } from '../spec/index.js';
import { planOf } from '../training/index.js';

/**
 * The step of a run, compiled for the devices of a target (`planSplit`).
 *
 * @throws LacunaError for another backend than XLA, and for a step in parts.
 */
export async function splitStep(settings: RunSettings, target: string): Promise<SplitPlan> {
  const { backend, batch, microbatches } = settings;
  if (backend.name !== 'xla') {
    throw new LacunaError({
      where: '--target',
      what: 'a step is compiled for other devices by XLA alone',
      got: `--backend ${backend.name}`,
      fix: 'Take --backend xla.',
    });
  }
  if (microbatches !== 1) {
    throw new LacunaError({
      where: '--target',
      what: 'a step is compiled for other devices in one call',
      got: `${microbatches} parts`,
      fix: 'Leave --microbatches out.',
    });
  }
  const step = planOf(settings).programs.step as Program;
  const { precision, shardState } = backend;
  return planSplit(step, batch, target, { precision, shardState });
}

/** What is printed of it. */
export function splitLines(split: SplitPlan, target: string): readonly string[] {
  const { devices, kind, gflop, counted, inputs, outputs, between, collectives, whole } = split;
  const operations = gflop.toPrecision(gflop < 1 ? 2 : 4);
  const kinds = Object.entries(collectives).sort(([, a], [, b]) => b.bytes - a.bytes);
  return [
    `${target}: each of ${devices} devices (${kind}), by JAX ${split.jax}`,
    counted === 'products'
      ? `  compute  ${operations} GFLOP of matrix products a step`
      : `  compute  ${operations} GFLOP a step, as XLA counts them (a loop once)`,
    `  memory   inputs ${mib(inputs)}, outputs ${mib(outputs)}, between operations ${mib(between)}`,
    ...kinds.map(
      ([kind, { count, bytes, largest }]) =>
        `  sends    ${count} ${kind}, ${mib(bytes)} in all, the largest ${largest}`,
    ),
    ...(kinds.length === 0 ? ['  sends    nothing'] : []),
    whole.length === 0
      ? '  split    all data'
      : `  NOT SPLIT, on every device whole: ${whole.join(', ')}`,
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MiB`;
}
