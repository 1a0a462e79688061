/** How matrix products are cut into tiles. */
export interface ProductTiling {
  /** Invocations of a workgroup, down and across the tile. */
  readonly lanes: readonly [number, number];
  /** Elements that one invocation keeps in registers, down and across; across a multiple of 4. */
  readonly registers: readonly [number, number];
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
  /** Whether lanes share what they load, or each loads by itself. */
  readonly memory: 'workgroup' | 'direct';
  /** Workgroups with which the device is busy; long sums are cut up to have as many. */
  readonly busyGroups: number;
}

/** The sizes that may differ from adapter to adapter. */
export interface Tiling {
  readonly product: ProductTiling;
  /** Invocations of a workgroup of elementwise kernels. */
  readonly lanes: number;
  /** Invocations that share a row; rows up to `serialRow` long have one. */
  readonly rowLanes: number;
  readonly serialRow: number;
  /** Invocations with which the device is busy; long sums are cut up to have as many. */
  readonly busy: number;
}

/** For hardware: 4 x 4 registers a lane, which spill nowhere. */
export const HARDWARE: Tiling = {
  product: { lanes: [16, 16], registers: [4, 4], depth: 16, memory: 'workgroup', busyGroups: 256 },
  lanes: 256,
  rowLanes: 128,
  serialRow: 32,
  busy: 16_384,
};

/** For SwiftShader: a barrier parks and wakes every invocation, so there are none where it can be. */
export const SOFTWARE: Tiling = {
  product: { lanes: [2, 4], registers: [8, 16], depth: 16, memory: 'direct', busyGroups: 2 },
  lanes: 64,
  rowLanes: 64,
  serialRow: 4096,
  busy: 64,
};
