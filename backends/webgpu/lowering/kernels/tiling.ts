/** How matrix products are cut into tiles. */
export interface ProductTiling {
  /** Invocations of a workgroup, down and across the tile. */
  readonly lanes: readonly [number, number];
  /** Elements that one invocation keeps in registers, down and across; across a multiple of 4. */
  readonly registers: readonly [number, number];
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
  /** Tiles that lie in workgroup memory: one, or two, of which the next is on its way while lanes sum the other. */
  readonly stages: 1 | 2;
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
  /** Terms of a long sum that an invocation asks memory for before it adds them up. */
  readonly termsAtOnce: number;
  /**
   * Additions that an element takes at most which is computed again for another reader, where it would be written and read back.
   */
  readonly cheap: number;
  /**
   * Whether kernels declare their buffers with their lengths. Accesses are held to the length, and SwiftShader
   * makes four divisions to learn one that is not declared, at each access.
   */
  readonly declaresLengths: boolean;
  readonly attention: AttentionTiling;
}

/** How attention is computed where its scores are too many to lie in memory. */
export interface AttentionTiling {
  /** The length of a sequence from which on its scores are never written. */
  readonly from: number;
  /** Invocations of a workgroup stand in a square: so many down and across. */
  readonly side: number;
  /** Rows that a workgroup holds, at most, by 4 `side`; less where workgroup memory is small. */
  readonly rows: number;
  /** Bytes of gradients of scores that lie in memory at a time, at most; a strip of such rows, or of 4 `side` if more, always does. */
  readonly scoreBytes: number;
}

/**
 * Elements from a term of a tile to the next. Four more than it has: lanes that store a line of terms
 * then meet 8 of the 32 banks that workgroup memory has on a GPU, where multiples of 32 elements would all lie in one.
 */
export function tileStride(extent: number): number {
  return extent + 4;
}

/**
 * For hardware: at most 8 x 8 sums a lane, which spill nowhere (`scripts/registers.ts`); and seven workgroups for each of
 * an H100's 132 multiprocessors, since WebGPU does not tell how many a device has.
 */
export const HARDWARE: Tiling = {
  product: {
    lanes: [16, 16],
    registers: [8, 8],
    depth: 16,
    stages: 2,
    memory: 'workgroup',
    busyGroups: 924,
  },
  units: { subgroups: [2, 2], matrices: [4, 4], depth: 32 },
  lanes: 256,
  rowLanes: 128,
  serialRow: 32,
  busy: 131_072,
  termsAtOnce: 4,
  // Twenty operations a byte of memory are an H100's; GELU's erf is 14.
  cheap: 32,
  declaresLengths: false,
  attention: { from: 256, side: 8, rows: 64, scoreBytes: 2 ** 30 },
};

/**
 * For SwiftShader: a barrier parks and wakes every invocation, so there are none where it can be; and
 * scores in memory are several times as fast as none, so only what would not fit has none.
 */
export const SOFTWARE: Tiling = {
  product: {
    lanes: [2, 4],
    registers: [16, 8],
    depth: 16,
    stages: 1,
    memory: 'direct',
    busyGroups: 2,
  },
  units: HARDWARE.units,
  lanes: 64,
  rowLanes: 64,
  serialRow: 4096,
  busy: 64,
  termsAtOnce: 1,
  cheap: 16,
  declaresLengths: true,
  attention: { from: 8192, side: 2, rows: 16, scoreBytes: 2 ** 26 },
};
