/** What the matrices that a unit multiplies hold. */
export type UnitComponent = 'f16' | 'f32';

/**
 * A unit of the device that multiplies a matrix [rows, depth] with one [depth, columns] and adds the product up in f32:
 * `subgroup_matrix` in WGSL. All lanes of a subgroup hold the matrices together.
 */
export interface MatrixUnit {
  readonly component: UnitComponent;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /**
   * The lanes of a subgroup, at most: a driver may run a kernel with any size between the adapter's least and most. Dawn
   * wants workgroups in multiples of the most, so that there are as many subgroups as planned, or more.
   */
  readonly lanes: number;
}

/** What an adapter tells of its units; the WebGPU types do not have it yet. */
export interface AdapterUnits {
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/**
 * The largest unit with sums in f32 of the first component that the adapter has any of. Where products are to be of f16 and it
 * multiplies f32 alone, as Apple's do with sums in f32, factors that are rounded to f16 go through those.
 */
export function matrixUnitOf(
  { subgroupMaxSize: lanes, subgroupMatrixConfigs = [] }: AdapterUnits,
  components: readonly UnitComponent[],
): MatrixUnit | undefined {
  if (lanes === undefined) return undefined;
  const configs = [...subgroupMatrixConfigs];
  /** Tiles lie in workgroup memory by fours; a matrix in one begins by 16 bytes, or is a line of 4. */
  const isAligned = (extent: number): boolean => extent % 8 === 0 || extent === 4;
  const work = ({ rows, columns, depth }: MatrixUnit): number => rows * columns * depth;
  for (const component of components) {
    const [largest] = configs
      .filter((unit) => unit.componentType === component && unit.resultComponentType === 'f32')
      .map(({ M, N, K }): MatrixUnit => ({ component, rows: M, columns: N, depth: K, lanes }))
      .filter((unit) => unit.depth % 4 === 0 && isAligned(unit.rows) && isAligned(unit.columns))
      .sort((a, b) => work(b) - work(a));
    if (largest !== undefined) return largest;
  }
  return undefined;
}
