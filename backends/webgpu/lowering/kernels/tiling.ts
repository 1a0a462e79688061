/** How matrix products are cut into tiles. */
export interface ProductTiling {
  /** Invocations of a workgroup, down and across the tile. */
  readonly lanes: readonly [number, number];
  /** Elements that one invocation keeps in registers, down and across; across a multiple of 4. */
  readonly registers: readonly [number, number];
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
}

/** The sizes that may differ from adapter to adapter. */
export interface Tiling {
  readonly product: ProductTiling;
  /** Invocations of a workgroup of elementwise kernels. */
  readonly lanes: number;
  /** Invocations that share a row; rows up to `serialRow` long have one. */
  readonly rowLanes: number;
  readonly serialRow: number;
}

/** For hardware: 64 x 64 tiles of 8 x 8 registers would spill on some; 4 x 4 do not. */
export const HARDWARE: Tiling = {
  product: { lanes: [16, 16], registers: [4, 4], depth: 16 },
  lanes: 256,
  rowLanes: 128,
  serialRow: 32,
};

/** For SwiftShader: each barrier parks and wakes every invocation, so few of them do more. */
export const SOFTWARE: Tiling = {
  product: { lanes: [4, 4], registers: [8, 8], depth: 16 },
  lanes: 64,
  rowLanes: 64,
  serialRow: 4096,
};
