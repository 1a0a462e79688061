import type { Primitive } from '../../../spec/program/index.js';
import { accessesOf, ELEMENT, elementOfProduct, ROW, rowPlace } from './accesses.js';
import { Affine } from './affine.js';
import type { Cluster, MapCluster, ProductCluster, ReduceCluster, RowsCluster } from './cluster.js';
import type { Graph } from './graph.js';

export interface FusionOptions {
  /** Whether operations share kernels at all. */
  readonly fuse: boolean;
  /** See `Tiling`. */
  readonly cheap: number;
  /** Storage buffers that one kernel may bind. */
  readonly storageBuffers: number;
  /** Buffers that a value lies in. */
  readonly parts: (name: string) => number;
  /** The value in whose memory a value is to lie: of an output the input that is donated for it. */
  readonly home: (name: string) => string;
}

/** Whether one kernel can bind these and so many results. */
export function fits(
  names: ReadonlySet<string>,
  results: number,
  { parts, storageBuffers, home }: FusionOptions,
): boolean {
  const homes = new Set([...names].map(home));
  return [...homes].reduce((sum, name) => sum + parts(name), results) <= storageBuffers;
}

/** The element of every member that an invocation makes, as the kernels of a cluster may write it. */
export function placesOf(graph: Graph, cluster: MapCluster | ProductCluster): readonly Affine[] {
  if (cluster.kind === 'map') return [Affine.variable(ELEMENT, cluster.count)];
  // Where parts of sums are joined, an element has one number; in a tile it has a row and a column.
  const { product } = cluster;
  return [Affine.variable(ELEMENT, graph.count(product)), elementOfProduct(graph, product)];
}

/** Clusters that take further members. */
type SharedCluster = MapCluster | RowsCluster | ReduceCluster | ProductCluster;

/** A cluster has at most so many members. */
const MEMBERS = 12;

/**
 * The clusters so far: groups of values that one kernel makes. The kernel runs at the place of the
 * cluster's last member in the program; a cluster that another one reads must have run before that
 * one, and so takes no more members. Each thread of the kernel makes one element of every member, so
 * that a member can read another one at that element only.
 */
export class Clusters {
  /** What each cluster reads, its own members included. */
  readonly reads: Map<Cluster, Set<string>> = new Map();
  readonly #graph: Graph;
  readonly #isStored: (name: string) => boolean;
  readonly #options: FusionOptions;
  readonly #clusterOf = new Map<string, Cluster>();
  readonly #clusters = new Set<Cluster>();
  /** Clusters that another cluster reads: they run before it, so they take no more members. */
  readonly #closed = new Set<Cluster>();

  constructor(graph: Graph, isStored: (name: string) => boolean, options: FusionOptions) {
    this.#graph = graph;
    this.#isStored = isStored;
    this.#options = options;
  }

  /** In an order in which they can run. */
  get inOrder(): readonly Cluster[] {
    return [...this.#clusters];
  }

  /** Whether one kernel can bind these and a result, or several. */
  fits(names: ReadonlySet<string>, results = 1): boolean {
    return fits(names, results, this.#options);
  }

  /** Puts a cluster last. */
  add(cluster: Cluster, reads: ReadonlySet<string>): void {
    this.#clusters.add(cluster);
    const known = this.reads.get(cluster) ?? new Set();
    for (const name of reads) {
      known.add(name);
      const maker = this.#clusterOf.get(name);
      if (maker !== undefined && maker !== cluster) this.#closed.add(maker);
    }
    this.reads.set(cluster, known);
    for (const name of cluster.members) this.#clusterOf.set(name, cluster);
  }

  /** Makes an elementwise value the last member of a cluster that is there, if it fits one. */
  join(name: string, reads: ReadonlySet<string>): boolean {
    if (!this.#canShare(name)) return false;
    const count = this.#graph.count(name);
    if (this.#joinProduct(name, reads)) return true;
    return this.#first((cluster) => {
      if (cluster.kind === 'map')
        return cluster.count === count && this.#joinMap(name, reads, cluster);
      const isRow = cluster.rows === count || cluster.rows * cluster.columns === count;
      const isMade = cluster.members.some((member) => reads.has(member));
      return isRow && isMade && this.#joinCluster(name, name, reads, cluster);
    });
  }

  /** Makes a reduction over rows the last member of a cluster of such rows, if it fits one. */
  joinRows(
    name: string,
    reads: ReadonlySet<string>,
    { rows, columns }: Pick<RowsCluster, 'rows' | 'columns'>,
  ): boolean {
    if (!this.#canShare(name)) return false;
    const operand = this.#graph.definition(name)?.operands[0] as string;
    return this.#first((cluster) => {
      if (cluster.kind !== 'rows' || cluster.rows !== rows || cluster.columns !== columns)
        return false;
      return this.#joinCluster(name, operand, reads, cluster);
    });
  }

  /** Makes a reduction the last member of a cluster of reductions that read the same, if it fits one. */
  joinReduce(name: string, reads: ReadonlySet<string>): boolean {
    if (!this.#canShare(name)) return false;
    const form = this.#reducedForm(name);
    const found = [...this.#clusters].reverse().find((cluster): cluster is ReduceCluster => {
      if (cluster.kind !== 'reduce' || this.#reducedForm(cluster.members[0]) !== form) return false;
      const size = this.#graph.count(this.#graph.definition(name)?.operands[0] as string);
      const isApart = !cluster.members.some((member) => reads.has(member));
      return isApart && this.#shares(cluster, size, reads) && this.#isOpen(cluster, name, reads);
    });
    if (found === undefined) return false;
    this.#extend(found, name, reads);
    return true;
  }

  /** What reductions of one kernel have in common. */
  #reducedForm(name: string): string {
    const definition = this.#graph.definition(name) as Primitive<'reduce_sum' | 'reduce_max'>;
    const { dtype, shape } = this.#graph.type(definition.operands[0] as string);
    return JSON.stringify([dtype, shape, definition.attributes.axes]);
  }

  /** Makes a value that follows a product's member element by element a member of that product, too. */
  #joinProduct(name: string, reads: ReadonlySet<string>): boolean {
    const makers = [...reads].map((read) => this.#clusterOf.get(read));
    const found = makers.find((cluster) => cluster?.kind === 'product');
    if (found === undefined || !this.#isOpen(found, name, reads)) return false;
    const count = this.#graph.count(found.product);
    if (this.#graph.count(name) !== count || found.members.some((x) => this.#isWords(x)))
      return false;
    const isAligned = placesOf(this.#graph, found).every((place) =>
      accessesOf(this.#graph, this.#isStored, name, place).every(
        (access) => !found.members.includes(access.name) || access.at.code === place.code,
      ),
    );
    if (!isAligned) return false;
    this.#extend(found, name, reads);
    return true;
  }

  #isWords(name: string): boolean {
    return this.#graph.type(name).dtype === 'u8';
  }

  /** A word of four bytes has one writer, so u8 has a kernel of its own. */
  #canShare(name: string): boolean {
    return this.#options.fuse && this.#graph.type(name).dtype !== 'u8';
  }

  /** Whether one of the clusters, the latest first, takes it. */
  #first(takes: (cluster: MapCluster | RowsCluster) => boolean): boolean {
    return [...this.#clusters]
      .reverse()
      .some((cluster) => (cluster.kind === 'map' || cluster.kind === 'rows') && takes(cluster));
  }

  #joinMap(name: string, reads: ReadonlySet<string>, cluster: MapCluster): boolean {
    if (cluster.members.some((member) => this.#isWords(member))) return false;
    if (!this.#shares(cluster, cluster.count, reads) || !this.#isOpen(cluster, name, reads))
      return false;
    const place = Affine.variable(ELEMENT, cluster.count);
    const aligned = accessesOf(this.#graph, this.#isStored, name, place).every(
      (access) => !cluster.members.includes(access.name) || access.at.code === place.code,
    );
    if (!aligned) return false;
    this.#extend(cluster, name, reads);
    return true;
  }

  /** @param read The value itself, or of a reduction what is reduced. */
  #joinCluster(
    name: string,
    read: string,
    reads: ReadonlySet<string>,
    cluster: RowsCluster,
  ): boolean {
    const size = cluster.rows * cluster.columns;
    if (!this.#shares(cluster, size, reads) || !this.#isOpen(cluster, name, reads)) return false;
    if (!this.#isAligned(read, cluster, read !== name)) return false;
    this.#extend(cluster, name, reads);
    return true;
  }

  /** Whether a value that reads these shares a tensor of its whole size with a cluster, or reads a member. */
  #shares(cluster: SharedCluster, size: number, reads: ReadonlySet<string>): boolean {
    return [...reads].some(
      (read) =>
        cluster.members.includes(read) ||
        (this.#graph.count(read) === size && this.reads.get(cluster)?.has(read) === true),
    );
  }

  /** Whether a value reads members of a cluster only in its own row, and its own element of rows. */
  #isAligned(name: string, cluster: RowsCluster, isOperand: boolean): boolean {
    const place = rowPlace(cluster.rows, cluster.columns);
    const row = Affine.variable(ROW, cluster.rows);
    const own = this.#graph.count(name) === cluster.rows ? row : place;
    const accesses =
      isOperand && this.#isStored(name)
        ? [{ name, at: own }]
        : accessesOf(this.#graph, this.#isStored, name, own);
    return accesses.every((access) => {
      if (!cluster.members.includes(access.name)) return true;
      const wanted = this.#graph.count(access.name) === cluster.rows ? row : place;
      return access.at.code === wanted.code;
    });
  }

  /** Whether a cluster takes a member that reads these. */
  #isOpen(cluster: SharedCluster, name: string, reads: ReadonlySet<string>): boolean {
    if (this.#closed.has(cluster) || cluster.members.length >= MEMBERS) return false;
    const known = this.reads.get(cluster) ?? [];
    return this.fits(new Set([...known, ...cluster.members, ...reads, name]), 0);
  }

  #extend(cluster: SharedCluster, name: string, reads: ReadonlySet<string>): void {
    cluster.members.push(name);
    // The cluster runs at the place of its last member, which is the newest value of all.
    this.#clusters.delete(cluster);
    this.add(cluster, reads);
  }
}
