/** What a kernel reads or writes: a value of the program, or a part of one that is large. */
export interface Binding {
  readonly value: string;
  /** Values over the binding limit lie in several buffers. */
  readonly part: number;
  readonly access: 'read' | 'write';
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
