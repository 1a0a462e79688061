import type { KernelContext } from './context.js';
import type { MatrixUnit } from './matrix-unit.js';
import { tileStride, type UnitTiling } from './tiling.js';

/** How a subgroup's matrices lie in the tile of its workgroup. */
export interface UnitPlan extends UnitTiling {
  readonly unit: MatrixUnit;
}

/** Rows and columns that the subgroups of a workgroup compute. */
export function unitTile({ unit, subgroups, matrices }: UnitPlan): readonly [number, number] {
  return [subgroups[0] * matrices[0] * unit.rows, subgroups[1] * matrices[1] * unit.columns];
}

/** Invocations of a workgroup. */
export function unitLanes({ unit, subgroups }: UnitPlan): number {
  return subgroups[0] * subgroups[1] * unit.lanes;
}

/** How units multiply these matrices: not at all where there are none, or a matrix is less than one. */
export function unitPlan(
  m: number,
  n: number,
  terms: number,
  { factors, matrixUnit: unit, tiling, limits }: KernelContext,
): UnitPlan | undefined {
  if (factors !== 'f16' || unit === undefined) return undefined;
  if (m < unit.rows || n < unit.columns || terms < unit.depth) return undefined;
  const { subgroups, matrices, depth } = tiling.units;
  const down = shrunkUnits(subgroups[0], matrices[0], m / unit.rows);
  const across = shrunkUnits(subgroups[1], matrices[1], n / unit.columns);
  let plan: UnitPlan = {
    unit,
    subgroups: [down[0], across[0]],
    matrices: [down[1], across[1]],
    depth: Math.ceil(depth / unit.depth) * unit.depth,
  };
  while (unitBytes(plan) > limits.workgroupBytes && plan.depth % (2 * unit.depth) === 0) {
    plan = { ...plan, depth: plan.depth / 2 };
  }
  const fits = unitBytes(plan) <= limits.workgroupBytes && unitLanes(plan) <= limits.invocations;
  return fits ? plan : undefined;
}

/** Bytes of a tile of a and of b, and of a matrix of results for each subgroup. */
function unitBytes(plan: UnitPlan): number {
  const { unit, subgroups, depth } = plan;
  const [down, across] = unitTile(plan);
  const results = 4 * subgroups[0] * subgroups[1] * unit.rows * unit.columns;
  return 2 * depth * (tileStride(down) + tileStride(across)) + results;
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
