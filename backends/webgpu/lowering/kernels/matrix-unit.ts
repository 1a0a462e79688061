/**
 * A unit of the device that multiplies a matrix [rows, depth] of f16 with one [depth, columns] and adds
 * the product up in f32: `subgroup_matrix` in WGSL. All lanes of a subgroup hold the matrices together.
 */
export interface MatrixUnit {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** The lanes of a subgroup. */
  readonly lanes: number;
}

/** What an adapter tells of its units; the WebGPU types do not have it yet. */
export interface AdapterUnits {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** The largest unit of f16 with sums in f32; none where the size of a subgroup is not fixed. */
export function matrixUnitOf(adapter: AdapterUnits): MatrixUnit | undefined {
  const { subgroupMinSize, subgroupMaxSize: lanes, subgroupMatrixConfigs = [] } = adapter;
  if (lanes === undefined || subgroupMinSize !== lanes) return undefined;
  const work = ({ rows, columns, depth }: MatrixUnit): number => rows * columns * depth;
  const [largest] = [...subgroupMatrixConfigs]
    .filter((unit) => unit.componentType === 'f16' && unit.resultComponentType === 'f32')
    .map(({ M, N, K }): MatrixUnit => ({ rows: M, columns: N, depth: K, lanes }))
    // Tiles lie in workgroup memory by fours.
    .filter((unit) => unit.rows % 4 === 0 && unit.columns % 4 === 0 && unit.depth % 4 === 0)
    .sort((a, b) => work(b) - work(a));
  return largest;
}
