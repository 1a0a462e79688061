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

/** How matrix products are cut into tiles where a subgroup multiplies whole matrices. */
export interface UnitTiling {
  /** Subgroups of a workgroup, down and across the tile. */
  readonly subgroups: readonly [number, number];
  /** Matrices that one subgroup keeps, down and across. */
  readonly matrices: readonly [number, number];
  /** Terms that go through workgroup memory at a time, at most. */
  readonly depth: number;
}

/** The sizes that may differ from adapter to adapter. */
export interface Tiling {
  readonly product: ProductTiling;
  readonly units: UnitTiling;
  /** Invocations of a workgroup of elementwise kernels. */
  readonly lanes: number;
  /** Invocations that share a row; rows up to `serialRow` long have one. */
  readonly rowLanes: number;
  readonly serialRow: number;
  /** Invocations with which the device is busy; long sums are cut up to have as many. */
  readonly busy: number;
  readonly attention: AttentionTiling;
}

/** How attention is computed where its scores are too many to lie in memory. */
export interface AttentionTiling {
  /** The length of a sequence from which on its scores are never written. */
  readonly from: number;
  /** Invocations of a workgroup, each with one row of the result. */
  readonly lanes: number;
  /** Rows of the other side that go through workgroup memory at a time, at most: a multiple of 4. */
  readonly rows: number;
}

/** For hardware: 4 x 4 registers a lane, which spill nowhere. */
export const HARDWARE: Tiling = {
  product: { lanes: [16, 16], registers: [4, 4], depth: 16, memory: 'workgroup', busyGroups: 256 },
  units: { subgroups: [2, 2], matrices: [4, 4], depth: 32 },
  lanes: 256,
  rowLanes: 128,
  serialRow: 32,
  busy: 16_384,
  attention: { from: 1024, lanes: 64, rows: 32 },
};

/**
 * For SwiftShader: a barrier parks and wakes every invocation, so there are none where it can be; and
 * scores in memory are several times as fast as none, so only what would not fit has none.
 */
export const SOFTWARE: Tiling = {
  product: { lanes: [2, 4], registers: [8, 16], depth: 16, memory: 'direct', busyGroups: 2 },
  units: HARDWARE.units,
  lanes: 64,
  rowLanes: 64,
  serialRow: 4096,
  busy: 64,
  attention: { from: 8192, lanes: 8, rows: 32 },
};
