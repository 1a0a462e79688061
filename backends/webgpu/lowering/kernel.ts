import type { Cluster } from './cluster.js';

/** What a kernel reads or writes: a value of the program, or a part of one that is large. */
export interface Binding {
  readonly value: string;
  /** Values over the binding limit lie in several buffers. */
  readonly part: number;
  readonly access: 'read' | 'write';
}

/** What a kernel does: the kind of its cluster, or `join` where it adds up what another one left in parts. */
export type KernelKind = Cluster['kind'] | 'join';

/** How a kernel that multiplies matrices goes to memory, counted. */
export interface ProductFacts {
  /** Values in memory that its operands are, or views of. */
  readonly operands: readonly string[];
  /** Whether it fetches a side one element at a time. */
  readonly isScalar: boolean;
  /** The most invocations of 32 that one bank of workgroup memory keeps waiting: 1 is none. */
  readonly bankConflicts: number;
  /** How often the lanes of a workgroup wait for each other, over the terms of its sums. */
  readonly barriersOfTerm: number;
  /** Whether the next tile is on its way while they sum this one. */
  readonly isAhead: boolean;
  /** Bytes that fill the tiles of all workgroups. */
  readonly tileBytes: number;
  /** Bytes of the operands and the result, each read or written once. */
  readonly leastBytes: number;
}

/** One dispatch, as data: WGSL and what it is bound to. */
export interface Kernel {
  /** The value or values that it makes, by their names in the program. */
  readonly label: string;
  /** WGSL with names that do not depend on the program, so that equal kernels are one pipeline. */
  readonly code: string;
  /** In the order of their `@binding`, group 0. */
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
  /** An estimate of its arithmetic operations and memory accesses, to cut work into slices. */
  readonly work: number;
  readonly kind: KernelKind;
  /** Multiply-adds of matrix products, each as two. */
  readonly flops: number;
  /** Of a matrix product. */
  readonly product?: ProductFacts;
}

/** What a device allows and the kernels are made for. */
export interface KernelLimits {
  /** Storage buffers that one kernel may bind. */
  readonly storageBuffers: number;
  /** Bytes of one binding. */
  readonly bindingBytes: number;
  /** Workgroups along one dimension of a dispatch. */
  readonly workgroups: number;
  /** Invocations of one workgroup. */
  readonly invocations: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
}

/** The limits that every implementation of WebGPU grants. */
export const DEFAULT_LIMITS: KernelLimits = {
  storageBuffers: 8,
  bindingBytes: 128 * 2 ** 20,
  workgroups: 65_535,
  invocations: 256,
  workgroupBytes: 16 * 2 ** 10,
};
