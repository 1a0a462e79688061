import type { Named } from '../../../core/backend.js';
import { expand } from '../../../core/passes/expand.js';
import { declarations } from '../../../core/passes/rewrite.js';
import { simplify } from '../../../core/passes/simplify.js';
import type { Call, DType, Program } from '../../../spec/program/index.js';
import { boundByAttention } from './cluster.js';
import { type FusionOptions, fits } from './clusters.js';
import { withColumnSums } from './column-sums.js';
import { donatedHomes, placesOfDonations } from './donations.js';
import { type Fusion, fuse } from './fusion.js';
import { Graph } from './graph.js';
import type { Kernel, KernelLimits } from './kernel.js';
import { partCount, type SourceContext } from './kernel-source.js';
import { isStreamed } from './kernels/attention.js';
import type { KernelContext } from './kernels/context.js';
import type { Factors } from './kernels/factors.js';
import { clusterKernels } from './kernels/index.js';
import type { MatrixUnit } from './kernels/matrix-unit.js';
import type { Tiling } from './kernels/tiling.js';
import { narrowConcats } from './narrow-concats.js';

export interface LoweringOptions {
  readonly limits: KernelLimits;
  readonly tiling: Tiling;
  /** Whether operations share kernels. */
  readonly fuse: boolean;
  /** Whether kernels may use subgroup operations. */
  readonly subgroups: boolean;
  /** How products hold their operands. */
  readonly factors: Factors;
  /** What multiplies matrices of such factors, where the device has it. */
  readonly matrixUnit: MatrixUnit | undefined;
  /** Input name to output name. */
  readonly donate: Named<string>;
}

/** What lies in memory during a run. */
export interface Stored {
  readonly dtype: DType;
  readonly count: number;
}

/** A program as kernels. */
export interface Lowered {
  readonly kernels: readonly Kernel[];
  /** Everything that kernels read or write, by name. */
  readonly values: ReadonlyMap<string, Stored>;
  /** Of them those that are no values of the program: what kernels that work in stages leave each other. */
  readonly temporaries: ReadonlySet<string>;
  /** Values that are the same in every run. */
  readonly literals: ReadonlyMap<string, readonly number[]>;
  /** For each output of the program, in order, the name of its value. */
  readonly outputs: readonly string[];
  /** Values that are written over a donated input. */
  readonly inPlace: ReadonlyMap<string, string>;
}

/** The sizes of what a lowered program stores, on a device with such limits. */
export function sizesOf({ values }: Lowered, limits: KernelLimits): SourceContext {
  const stored = (name: string): Stored => {
    const found = values.get(name);
    if (found === undefined) throw new Error(`${name} is not stored`);
    return found;
  };
  return { limits, type: stored, count: (name) => stored(name).count, home: (name) => name };
}

export function lower(program: Program, options: LoweringOptions): Lowered {
  const { limits, tiling, subgroups, factors, matrixUnit } = options;
  const types = declarations(program);
  const keep = (_: string, call: Call): boolean =>
    isStreamed(call, limits, tiling, (name) => types.get(name)?.shape);
  const simple = simplify(expand(program, keep));
  const graph = new Graph(narrowConcats(simple, Math.max(2, limits.storageBuffers - 2)));
  const temporaries = new Map<string, Stored>();
  const typeOf = (name: string): { readonly dtype: DType } =>
    temporaries.get(name) ?? graph.type(name);
  const count = (name: string): number => temporaries.get(name)?.count ?? graph.count(name);
  const home = (name: string): string => inPlace.get(name) ?? name;
  const sizes = { limits, type: typeOf, count, home: (name: string) => name };
  const sharing = (homes: ReadonlyMap<string, string>): FusionOptions => ({
    fuse: options.fuse,
    cheap: tiling.cheap,
    storageBuffers: limits.storageBuffers,
    parts: (name) => partCount(sizes, name),
    home: (name) => homes.get(name) ?? name,
  });
  const fused = (homes: ReadonlyMap<string, string>): Fusion => {
    const found = fuse(graph, sharing(homes));
    // Operands that are rounded for the product are no terms of an exact sum.
    const isExact = options.fuse && factors === 'f32';
    return isExact ? withColumnSums(graph, found, sharing(homes)) : found;
  };
  let fusion = fused(donatedHomes(graph, options.donate));
  let inPlace = placesOfDonations(graph, fusion, options.donate);
  // Where an output can not be in place after all its kernel may bind one buffer too many: those that can are tried alone.
  for (const homes of [inPlace, new Map<string, string>()]) {
    if (canBind(graph, fusion, sharing(inPlace))) break;
    fusion = fused(homes);
    inPlace = placesOfDonations(graph, fusion, options.donate);
  }
  const inMemory = valuesInMemory(graph, fusion);
  const context: KernelContext = {
    graph,
    limits,
    tiling,
    subgroups,
    factors,
    matrixUnit,
    isRead: fusion.isRead,
    type: typeOf,
    count,
    home,
    declaresLengths: tiling.declaresLengths,
    statistics: new Map(),
    hasMemory: (name) => inMemory.has(name),
    temporary: (type) => {
      const name = `#${temporaries.size}`;
      temporaries.set(name, type);
      return name;
    },
  };
  const kernels = fusion.clusters.flatMap((cluster) => clusterKernels(cluster, context));
  const values = new Map<string, Stored>(temporaries);
  const literals = new Map<string, readonly number[]>();
  for (const operation of graph.program.operations) {
    if (operation.op !== 'constant' || !fusion.stored.has(operation.results[0].name)) continue;
    const made = fusion.clusters.some(({ members }) =>
      members.some((member) => member === operation.results[0].name),
    );
    if (!made) literals.set(operation.results[0].name, operation.attributes.data);
  }
  const outputs = graph.program.outputs.map(({ value }) => value);
  const named = kernels.flatMap(({ bindings }) => bindings.map(({ value }) => value));
  for (const name of [...named, ...outputs, ...literals.keys()]) {
    values.set(name, { dtype: typeOf(name).dtype, count: count(name) });
  }
  return { kernels, values, temporaries: new Set(temporaries.keys()), literals, outputs, inPlace };
}

/** What clusters read that another cluster made, and what the run returns. */
function valuesInMemory(graph: Graph, fusion: Fusion): ReadonlySet<string> {
  const found = new Set(graph.program.outputs.map(({ value }) => value));
  for (const cluster of fusion.clusters) {
    const own: readonly string[] = cluster.members;
    for (const name of fusion.reads.get(cluster) ?? []) if (!own.includes(name)) found.add(name);
    // Elements of rows are read back in the next pass.
    const columns = cluster.kind === 'rows' ? own.filter((x) => graph.count(x) > cluster.rows) : [];
    for (const name of columns) found.add(name);
  }
  return found;
}

/** Whether each kernel can bind what its cluster reads and makes. */
function canBind(
  graph: Graph,
  { clusters, isRead, reads }: Fusion,
  options: FusionOptions,
): boolean {
  return clusters.every((cluster) => {
    if (cluster.kind !== 'attention') {
      // A scatter-add binds two lists beside.
      const others = cluster.kind === 'scatter' ? 2 : 0;
      return fits(new Set([...(reads.get(cluster) ?? []), ...cluster.members]), others, options);
    }
    const isLeaf = (name: string): boolean => isRead(name, cluster.members[0] as string);
    return boundByAttention(cluster.call).every(({ operands, others }) =>
      fits(graph.leaves(operands, isLeaf), others, options),
    );
  });
}
