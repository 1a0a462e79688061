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
 * Where workgroup memory is small results go through it in shorter strips, then tiles are shallower, then smaller.
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
    plan = { ...plan, subgroups: halved(plan.subgroups) };
  }
  while (unitBytes(plan, bytes) > limits.workgroupBytes) {
    const less = lessMemory(plan);
    if (less === undefined) return undefined;
    plan = less;
  }
  return unitLanes(plan) <= limits.invocations ? plan : undefined;
}

/** The plan with the next thing halved that takes workgroup memory; none where nothing is left to halve. */
function lessMemory(plan: UnitPlan): UnitPlan | undefined {
  const { strip, depth, unit, matrices, subgroups } = plan;
  if (strip % 2 === 0) return { ...plan, strip: strip / 2 };
  if (depth % (2 * unit.depth) === 0) return { ...plan, depth: depth / 2 };
  if (Math.max(...matrices) > 1) {
    const fewer = halved(matrices);
    return { ...plan, matrices: fewer, strip: Math.min(strip, fewer[1]) };
  }
  return Math.max(...subgroups) > 1 ? { ...plan, subgroups: halved(subgroups) } : undefined;
}

/** The larger of the two halved, columns where they are alike. */
function halved([rows, columns]: readonly [number, number]): readonly [number, number] {
  return rows > columns ? [Math.ceil(rows / 2), columns] : [rows, Math.ceil(columns / 2)];
}

/**
 * Elements from a term of a tile that units read to the next. Vulkan wants matrices in memory to begin, and their lines to
 * follow each other, by 16 bytes, or by a line where that is less: four more f32 (see `tileStride`), or eight more f16.
 */
export function unitStride(extent: number, { component }: Pick<MatrixUnit, 'component'>): number {
  return component === 'f16' ? Math.ceil(extent / 8) * 8 + 8 : tileStride(extent);
}

/** Bytes of a tile of a and of b, and of results. @param bytes Of an element of a tile. */
function unitBytes(plan: UnitPlan, bytes: number): number {
  const [down, across] = unitTile(plan);
  const [rows, columns] = resultTile(plan);
  return (
    bytes * plan.depth * (unitStride(down, plan.unit) + unitStride(across, plan.unit)) +
    4 * rows * tileStride(columns)
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
