import type { KernelContext } from './context.js';
import { HELD } from './factors.js';
import type { MatrixUnit } from './matrix-unit.js';
import { tileStride, type UnitTiling } from './tiling.js';

/** How a subgroup's matrices lie in the tile of its workgroup. */
export interface UnitPlan extends UnitTiling {
  readonly unit: MatrixUnit;
  /** Matrices of a row that each subgroup hands to the lanes at a time: it divides those it has across. */
  readonly strip: number;
}

/** Rows and columns that the subgroups of a workgroup compute. */
export function unitTile({ unit, subgroups, matrices }: UnitPlan): readonly [number, number] {
  return [subgroups[0] * matrices[0] * unit.rows, subgroups[1] * matrices[1] * unit.columns];
}

/** Invocations of a workgroup: enough for its subgroups when they are as large as they can be. */
export function unitLanes({ unit, subgroups }: Pick<UnitPlan, 'unit' | 'subgroups'>): number {
  return subgroups[0] * subgroups[1] * unit.lanes;
}

/** Rows and columns of results that lie in workgroup memory at a time. */
export function resultTile({ unit, subgroups, strip }: UnitPlan): readonly [number, number] {
  return [subgroups[0] * unit.rows, subgroups[1] * strip * unit.columns];
}

/**
 * How units multiply these matrices: not at all where there are none for such factors, or a matrix is less than one.
 * Where workgroup memory is small results go through it in shorter strips, then tiles are shallower.
 */
export function unitPlan(
  m: number,
  n: number,
  terms: number,
  { factors, matrixUnit: unit, tiling, limits }: KernelContext,
): UnitPlan | undefined {
  const { scalar, bytes } = HELD[factors];
  if (unit === undefined || unit.component !== scalar) return undefined;
  if (m < unit.rows || n < unit.columns || terms < unit.depth) return undefined;
  const { subgroups, matrices, depth } = tiling.units;
  const down = shrunkUnits(subgroups[0], matrices[0], m / unit.rows);
  const across = shrunkUnits(subgroups[1], matrices[1], n / unit.columns);
  let plan: UnitPlan = {
    unit,
    subgroups: [down[0], across[0]],
    matrices: [down[1], across[1]],
    depth: Math.ceil(depth / unit.depth) * unit.depth,
    strip: across[1],
  };
  while (unitLanes(plan) > limits.invocations && Math.max(...plan.subgroups) > 1) {
    const [rows, columns] = plan.subgroups;
    plan = { ...plan, subgroups: rows > columns ? [rows / 2, columns] : [rows, columns / 2] };
  }
  const isTooLarge = (): boolean => unitBytes(plan, bytes) > limits.workgroupBytes;
  while (isTooLarge() && plan.strip % 2 === 0) plan = { ...plan, strip: plan.strip / 2 };
  while (isTooLarge() && plan.depth % (2 * unit.depth) === 0) {
    plan = { ...plan, depth: plan.depth / 2 };
  }
  return !isTooLarge() && unitLanes(plan) <= limits.invocations ? plan : undefined;
}

/** Bytes of a tile of a and of b, and of results. @param bytes Of an element of a tile. */
function unitBytes(plan: UnitPlan, bytes: number): number {
  const [down, across] = unitTile(plan);
  const [rows, columns] = resultTile(plan);
  return (
    bytes * plan.depth * (tileStride(down) + tileStride(across)) + 4 * rows * tileStride(columns)
  );
}

/** Subgroups and matrices of each, fewer where `extent` matrices leave most of a tile empty. */
function shrunkUnits(
  subgroups: number,
  matrices: number,
  extent: number,
): readonly [number, number] {
  let [count, own] = [subgroups, matrices];
  while (own > 1 && extent <= (count * own) / 2) own /= 2;
  while (count > 1 && extent <= (count * own) / 2) count /= 2;
  return [count, own];
}
