import type { Affine } from '../affine.js';
import { Expressions, type Held } from '../expressions.js';
import type { IsRead } from '../fusion.js';
import type { Graph } from '../graph.js';
import { KernelSource, type SourceContext } from '../kernel-source.js';
import type { Factors } from './factors.js';
import type { MatrixUnit } from './matrix-unit.js';
import type { Tiling } from './tiling.js';

/** What the writers of kernels share. */
export interface KernelContext extends SourceContext {
  readonly graph: Graph;
  readonly isRead: IsRead;
  /** Whether a value has memory; what its own cluster alone reads has none. */
  hasMemory(name: string): boolean;
  readonly tiling: Tiling;
  readonly subgroups: boolean;
  readonly factors: Factors;
  readonly matrixUnit: MatrixUnit | undefined;
  /** Of a forward attention, by its result: the temporary that its gradient reads too. */
  readonly statistics: Map<string, string>;
  /** A value of a kernel that works in stages: it lies in memory between two of them. */
  temporary(type: { readonly dtype: 'f32' | 'i32'; readonly count: number }): string;
}

/** A kernel to be written, and the expressions in it. */
export function openKernel(
  context: KernelContext,
  held?: Held,
): { readonly source: KernelSource; readonly expressions: Expressions } {
  const source = new KernelSource(context);
  return { source, expressions: new Expressions(context.graph, context.isRead, source, held) };
}

/** So many invocations as workgroups in two dimensions, and the number of each invocation. */
export function invocations(
  count: number,
  lanes: number,
  limit: number,
): { readonly workgroups: readonly [number, number, number]; readonly code: string } {
  const { workgroups, code } = groups(Math.ceil(count / lanes), limit);
  const group = code.includes('+') ? `(${code})` : code;
  return { workgroups, code: `${group} * ${lanes}u + lane` };
}

/** So many workgroups in two dimensions, since one has a limit; the number of each. */
export function groups(
  count: number,
  limit: number,
): { readonly workgroups: readonly [number, number, number]; readonly code: string } {
  if (count <= limit) return { workgroups: [Math.max(1, count), 1, 1], code: 'group.x' };
  const y = Math.ceil(count / limit);
  const x = Math.ceil(count / y);
  return { workgroups: [x, y, 1], code: `group.y * ${x}u + group.x` };
}

/** Whether two indices are the same. */
export function sameIndex(a: Affine, b: Affine): boolean {
  return a.code === b.code;
}
