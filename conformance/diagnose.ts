import type { HostTensor, Named } from '../core/backend.js';
import { expand } from '../core/passes/expand.js';
import { interpret } from '../reference/index.js';
import { LacunaError } from '../spec/errors.js';
import type { Program } from '../spec/program/index.js';
import { changes } from './mutants/program-mutants.js';

/** Programs of more operations are not searched for mistakes. */
const LARGEST = 250;
/** A mistake explains a result that is so much nearer to it than to what is right. */
const NEARER = 0.05;

/**
 * The mistake whose results are nearest to what a subject gave: each operation of the program is
 * got wrong in every way that the mutants know, in float64.
 *
 * @returns `operation 3 (mul): left out, to 2e-7`, or undefined where no mistake is near.
 */
export function diagnose(
  program: Program,
  inputs: Named<HostTensor>,
  got: Named<HostTensor>,
): string | undefined {
  const open = expand(program);
  if (open.operations.length > LARGEST) return undefined;
  const right = distance(interpret(open, inputs), got);
  let best: { readonly what: string; readonly off: number } | undefined;
  for (const { what, change } of changes(open)) {
    const wrong = change(open);
    if (wrong === undefined) continue;
    try {
      const off = distance(interpret(wrong, inputs), got);
      if (best === undefined || off < best.off) best = { what, off };
    } catch (error) {
      // Some mistakes make no program at all.
      if (!(error instanceof LacunaError)) throw error;
    }
  }
  if (best === undefined || !(best.off < NEARER * right)) return undefined;
  return `${best.what}, to ${best.off.toPrecision(1)}`;
}

/** The largest difference, relative to the largest number of its output. */
function distance(one: Named<HostTensor>, two: Named<HostTensor>): number {
  let most = 0;
  for (const [name, { data }] of Object.entries(one)) {
    const other = two[name]?.data;
    if (other === undefined || other.length !== data.length) return Number.POSITIVE_INFINITY;
    let scale = 0;
    for (const x of data) scale = Math.max(scale, Math.abs(x));
    for (let i = 0; i < data.length; i++) {
      const off = Math.abs((data[i] as number) - (other[i] as number)) / (scale || 1);
      most = Math.max(most, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
    }
  }
  return most;
}
