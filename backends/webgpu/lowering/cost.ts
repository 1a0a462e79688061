import type { Program } from '../../../spec/program/index.js';
import type { Binding, Kernel, KernelKind } from './kernel.js';
import { partBytes, type SourceContext } from './kernel-source.js';
import { type Lowered, sizesOf } from './lower.js';
import { type Purpose, purposesOf } from './purposes.js';

/** What a kind of kernel takes in a step. */
export interface KindCost {
  readonly dispatches: number;
  /** Bytes, each binding of each kernel read or written once. */
  readonly bytes: number;
  /** Of products, each multiply-add as two. */
  readonly flops: number;
}

/**
 * What a step costs a GPU, counted from its kernels alone: no device is asked. Shares are of the
 * FLOPs of plain products.
 */
export interface StepCost {
  readonly dispatches: number;
  /** Kernels that differ in their text. */
  readonly pipelines: number;
  readonly kinds: ReadonlyMap<KernelKind, KindCost>;
  /** Bytes of all kinds. */
  readonly bytes: number;
  /** The same bytes by what they are for. */
  readonly purposes: ReadonlyMap<Purpose, number>;
  /**
   * Bytes that no kernel between the products could save: operands and results of products and of
   * attention, and the state that is read and written.
   */
  readonly leastBytes: number;
  readonly products: {
    readonly flops: number;
    /** The share that fetches a side one element at a time. */
    readonly scalar: number;
    /** The most invocations of 32 that a bank of workgroup memory keeps waiting, of all products. */
    readonly bankConflicts: number;
    /** Barriers of a workgroup per 16 terms of its sums: the mean over FLOPs. */
    readonly barriers: number;
    /** The share whose next tile is on its way while lanes sum this one. */
    readonly ahead: number;
    /** Bytes that fill the tiles of all workgroups. */
    readonly tileBytes: number;
    /** Bytes of operands and results, each read or written once. */
    readonly leastBytes: number;
    /** The fewest workgroups of a heavy product: one with at least 1 / 500 of all FLOPs. */
    readonly fewestGroups: number;
  };
}

const HEAVY = 1 / 500;

/** Counts a program that was lowered for a device with such limits. */
export function stepCost(
  program: Program,
  lowered: Lowered,
  limits: SourceContext['limits'],
): StepCost {
  const sizes = sizesOf(lowered, limits);
  const bytesOf = (name: string): number => partBytes(sizes, name).reduce((sum, x) => sum + x, 0);
  const donated = new Set(lowered.inPlace.values());
  const boundBytes = ({ value, part, access }: Binding): number =>
    // What is written over a donated input was read.
    (partBytes(sizes, value)[part] as number) * (access === 'write' && donated.has(value) ? 2 : 1);
  const purposeOf = purposesOf(lowered);
  const purposes = new Map<Purpose, number>();
  const kinds = new Map<KernelKind, KindCost>();
  let leastBytes = 0;
  const attended = new Set<string>();
  for (const kernel of lowered.kernels) {
    const known = kinds.get(kernel.kind) ?? { dispatches: 0, bytes: 0, flops: 0 };
    let bytes = 0;
    for (const binding of kernel.bindings) {
      const own = boundBytes(binding);
      const purpose = purposeOf(kernel, binding);
      purposes.set(purpose, (purposes.get(purpose) ?? 0) + own);
      bytes += own;
    }
    // The kernels of a call follow each other, and could read each operand once.
    if (kernel.kind !== 'attention') attended.clear();
    else {
      for (const { value } of kernel.bindings) {
        if (!attended.has(value) && !lowered.temporaries.has(value)) leastBytes += bytesOf(value);
        attended.add(value);
      }
    }
    leastBytes += kernel.product?.leastBytes ?? 0;
    kinds.set(kernel.kind, {
      dispatches: known.dispatches + 1,
      bytes: known.bytes + bytes,
      flops: known.flops + kernel.flops,
    });
  }
  const returned = new Set(program.outputs.map(({ name }) => name));
  for (const { name } of program.inputs) if (returned.has(name)) leastBytes += 2 * bytesOf(name);

  const products = lowered.kernels.filter(({ product }) => product !== undefined);
  const flops = products.reduce((sum, kernel) => sum + kernel.flops, 0);
  const heavy = products.filter((kernel) => kernel.flops >= HEAVY * flops);
  const facts = products.flatMap(({ product }) => product ?? []);
  const share = (of: (kernel: Kernel) => number): number =>
    products.reduce((sum, kernel) => sum + kernel.flops * of(kernel), 0) / flops;
  const groups = ({ workgroups: [x, y, z] }: Kernel): number => x * y * z;
  return {
    dispatches: lowered.kernels.length,
    pipelines: new Set(lowered.kernels.map(({ code }) => code)).size,
    kinds,
    bytes: [...kinds.values()].reduce((sum, each) => sum + each.bytes, 0),
    purposes,
    leastBytes,
    products: {
      flops,
      scalar: share(({ product }) => (product?.isScalar ? 1 : 0)),
      bankConflicts: Math.max(1, ...facts.map(({ bankConflicts }) => bankConflicts)),
      barriers: share(({ product }) => (product?.barriersOfTerm ?? 0) * 16),
      ahead: share(({ product }) => (product?.isAhead ? 1 : 0)),
      tileBytes: facts.reduce((sum, { tileBytes }) => sum + tileBytes, 0),
      leastBytes: facts.reduce((sum, facts) => sum + facts.leastBytes, 0),
      fewestGroups: Math.min(...heavy.map(groups)),
    },
  };
}
