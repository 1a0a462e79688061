import { HARDWARE, type Tiling } from '../lowering/kernels/tiling.js';

/** The tiles for GPUs in small: the same kernels, which SwiftShader compiles sooner. */
export const SMALL: Tiling = {
  ...HARDWARE,
  product: { ...HARDWARE.product, lanes: [4, 4], busyGroups: 2 },
  units: { subgroups: [2, 1], matrices: [1, 2], depth: 16 },
  lanes: 64,
  rowLanes: 32,
  attention: { from: 1, side: 2, rows: 8, scoreBytes: 5000 },
};
