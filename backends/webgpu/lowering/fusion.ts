import {
  type Operation,
  type Primitive,
  type Shape,
  sameShape,
} from '../../../spec/program/index.js';
import { accessesOf, ELEMENT, ROW, rowPlace } from './accesses.js';
import { Affine } from './affine.js';
import type { Cluster, MapCluster, RowsCluster } from './cluster.js';
import { elementwiseCost, isElementwise, VIEW_OPERATIONS } from './elementwise.js';
import type { Graph } from './graph.js';

export interface FusionOptions {
  /** Whether operations share kernels at all. */
  readonly fuse: boolean;
  /** Storage buffers that one kernel may bind. */
  readonly storageBuffers: number;
  /** Buffers that a value lies in. */
  readonly parts: (name: string) => number;
}

export interface Fusion {
  /** In an order in which they can run. */
  readonly clusters: readonly Cluster[];
  /** Values that lie in memory, or that their cluster alone reads. */
  readonly stored: ReadonlySet<string>;
  /**
   * Whether a member of a cluster reads a value, rather than to compute it again: one may come to
   * lie in memory only after some of its users were written.
   */
  readonly isRead: IsRead;
  /** What each cluster reads, its own members included. */
  readonly reads: ReadonlyMap<Cluster, ReadonlySet<string>>;
}

/** Whether the definition of `member` reads `name` where it lies. */
export type IsRead = (name: string, member: string) => boolean;

/** What an unstored value takes to compute. */
interface Inline {
  /** Stored values that it reads. */
  readonly reads: ReadonlySet<string>;
  /** Operations of one element. */
  readonly cost: number;
  /** A matrix product that no memory holds yet, whose elements it is made of one by one. */
  readonly product?: string;
}

/** A value that is used more than once is computed again where it takes at most this. */
const CHEAP = 16;
const MANY_USERS = 4;
/** Stretched values are computed once for each copy, so they must take less. */
const CHEAP_TO_STRETCH = 2;
/** Members of one cluster. */
const MEMBERS = 12;
/** Rows are reduced in parts, by the general kernel, where they are long and few. */
const FEW_ROWS = 64;
const LONG_ROW = 8192;

/**
 * Decides which values lie in memory, and which are made by one kernel: elementwise chains go into
 * their users, their users' reductions and the matrix products before them; reductions over rows
 * and what is made of them row by row share one pass.
 */
export function fuse(graph: Graph, options: FusionOptions): Fusion {
  return new Fuser(graph, options).run();
}

class Fuser {
  readonly #graph: Graph;
  readonly #options: FusionOptions;
  /** Stored values, and how many were before each. */
  readonly #stored = new Map<string, number>();
  readonly #inline = new Map<string, Inline>();
  readonly #clusterOf = new Map<string, Cluster>();
  readonly #clusters = new Set<Cluster>();
  /** Clusters of which another one reads: they take no new members. */
  readonly #closed = new Set<Cluster>();
  readonly #reads = new Map<Cluster, Set<string>>();

  constructor(graph: Graph, options: FusionOptions) {
    this.#graph = graph;
    this.#options = options;
  }

  run(): Fusion {
    const { program } = this.#graph;
    for (const { name } of program.inputs) this.#stored.set(name, this.#stored.size);
    for (const operation of program.operations) {
      const [{ name } = { name: '' }] = operation.results;
      if (this.#graph.count(name) > 0) this.#visit(operation, name);
    }
    const stored = this.#stored;
    const isRead: IsRead = (name, member) => {
      const [own, other] = [stored.get(name), stored.get(member)];
      return own !== undefined && other !== undefined && own < other;
    };
    return {
      clusters: [...this.#clusters],
      stored: new Set(stored.keys()),
      isRead,
      reads: this.#reads,
    };
  }

  #visit(operation: Operation, name: string): void {
    switch (operation.op) {
      case 'call':
        throw new Error(`${operation.composite} is not claimed`);
      case 'constant':
        if (new Set(operation.attributes.data).size > 1) this.#hold(name);
        else this.#inline.set(name, { reads: new Set(), cost: 0 });
        break;
      case 'reduce_sum':
      case 'reduce_max':
        this.#settle(operation.operands);
        this.#reduce(operation, name);
        break;
      case 'matmul':
        this.#settle(operation.operands);
        this.#inline.set(name, { ...this.#joined(operation.operands), product: name });
        if (this.#mustStore(name)) this.#store(name);
        return;
      case 'scatter_add':
        this.#settle(operation.operands);
        this.#add({ kind: 'scatter', members: [name] }, this.#currentReads(name));
        this.#hold(name);
        break;
      default:
        this.#fold(operation, name);
        if (this.#mustStore(name)) this.#store(name);
        return;
    }
    if (this.#mustStore(name) && !this.#stored.has(name)) this.#store(name);
  }

  /** An operation that need not have a kernel of its own. */
  #fold(operation: Primitive, name: string): void {
    const { operands } = operation;
    const elementwise = isElementwise(operation);
    if (!elementwise && operation.op !== 'reshape') this.#settle(operands);
    const products = operands.filter((x) => this.#inline.get(x)?.product !== undefined);
    // Only the last product can have its elements at hand.
    this.#settle([...new Set(products)].slice(0, -1));
    if (operation.op === 'broadcast') {
      const [x] = operands as readonly [string];
      const grows = this.#graph.count(x) < this.#graph.count(name);
      if (grows && (this.#inline.get(x)?.cost ?? 0) > CHEAP_TO_STRETCH) this.#store(x);
    }
    this.#fit(operands);
    const cost = elementwise ? elementwiseCost(operation) : operation.op === 'gather' ? 2 : 0;
    const joined = this.#joined(operands);
    this.#inline.set(name, { ...joined, cost: joined.cost + cost });
  }

  /** Whether a value is to lie in memory as soon as it is there. */
  #mustStore(name: string): boolean {
    const inline = this.#inline.get(name);
    if (inline === undefined) return false;
    const users = this.#graph.users(name);
    if (!this.#options.fuse || this.#graph.isOutput(name)) return true;
    if (inline.reads.size === 0 && inline.product === undefined) return false;
    const isView = this.#isView(name);
    if (users.some(({ op }) => op === 'matmul') && !isView) return true;
    if (users.length <= 1 || isView) return false;
    return inline.product !== undefined || !this.#isCheap(name, users.length);
  }

  /** Whether it is an element of one stored value. */
  #isView(name: string): boolean {
    if (this.#stored.has(name)) return true;
    const definition = this.#graph.definition(name);
    if (definition === undefined || definition.op === 'call') return false;
    if (!VIEW_OPERATIONS.has(definition.op)) return false;
    return this.#isView(definition.operands[0] as string);
  }

  /** Computing it again takes less than writing and reading it. */
  #isCheap(name: string, users: number): boolean {
    const { reads, cost } = this.#inline.get(name) as Inline;
    const words = [...reads].reduce((sum, value) => sum + this.#graph.count(value), 0);
    return users <= MANY_USERS && cost <= CHEAP && words <= 1.25 * this.#graph.count(name);
  }

  /** Gives operands that hold a product that is under way their memory. */
  #settle(operands: readonly string[]): void {
    for (const name of operands) {
      if (this.#inline.get(name)?.product !== undefined) this.#store(name);
    }
  }

  /** Stores operands until one kernel can bind all that the result reads. */
  #fit(operands: readonly string[]): void {
    for (;;) {
      if (this.#buffers(this.#joined(operands).reads) + 1 <= this.#options.storageBuffers) return;
      const widest = [...new Set(operands)]
        .filter((name) => this.#inline.has(name))
        .sort((a, b) => this.#readsOf(b).size - this.#readsOf(a).size)[0];
      if (widest === undefined || this.#readsOf(widest).size === 0) return;
      this.#store(widest);
    }
  }

  #readsOf(name: string): ReadonlySet<string> {
    return this.#inline.get(name)?.reads ?? new Set([name]);
  }

  #buffers(names: ReadonlySet<string>): number {
    return [...names].reduce((sum, name) => sum + this.#options.parts(name), 0);
  }

  #joined(operands: readonly string[]): Inline {
    const reads = new Set<string>();
    let cost = 0;
    let product: string | undefined;
    for (const name of new Set(operands)) {
      const inline = this.#inline.get(name);
      for (const read of this.#readsOf(name)) reads.add(read);
      cost += inline?.cost ?? 0;
      product ??= inline?.product;
    }
    return { reads, cost, ...(product === undefined ? {} : { product }) };
  }

  /** Gives an unstored value its memory. */
  #store(name: string): void {
    const inline = this.#inline.get(name);
    if (inline === undefined) return;
    const reads = this.#currentReads(name);
    if (inline.product !== undefined) {
      this.#add({ kind: 'product', product: inline.product, members: [name] }, reads);
    } else if (!this.#join(name, reads)) {
      this.#add({ kind: 'map', count: this.#graph.count(name), members: [name] }, reads);
    }
    this.#hold(name);
  }

  /** What a value is read from now: some that it was made of may have come to lie in memory. */
  #currentReads(name: string, found: Set<string> = new Set()): ReadonlySet<string> {
    for (const operand of this.#graph.definition(name)?.operands ?? []) {
      if (this.#stored.has(operand)) found.add(operand);
      else this.#currentReads(operand, found);
    }
    return found;
  }

  #reduce(operation: Primitive<'reduce_sum' | 'reduce_max'>, name: string): void {
    const [x] = operation.operands as readonly [string];
    this.#fit([x]);
    const reads = this.#currentReads(name);
    const shape = this.#graph.type(x).shape;
    const rows = this.#graph.count(name);
    const columns = rows === 0 ? 0 : this.#graph.count(x) / rows;
    const isRows =
      isTrailing(operation.attributes.axes, shape) &&
      columns > 1 &&
      (rows >= FEW_ROWS || columns <= LONG_ROW);
    if (!isRows) this.#add({ kind: 'reduce', members: [name] }, reads);
    else if (!this.#joinRows(name, reads, rows, columns, true)) {
      this.#add({ kind: 'rows', rows, columns, members: [name] }, reads);
    }
    this.#hold(name);
  }

  /** Makes the value the last member of a cluster that is there, if it fits one. */
  #join(name: string, reads: ReadonlySet<string>): boolean {
    if (!this.#options.fuse) return false;
    const count = this.#graph.count(name);
    for (const cluster of [...this.#clusters].reverse()) {
      if (
        cluster.kind === 'map' &&
        cluster.count === count &&
        this.#joinMap(name, reads, cluster)
      ) {
        return true;
      }
      const fits =
        cluster.kind === 'rows' &&
        (cluster.rows === count || cluster.rows * cluster.columns === count) &&
        cluster.members.some((member) => reads.has(member));
      if (fits && this.#joinRows(name, reads, cluster.rows, cluster.columns, false, cluster)) {
        return true;
      }
    }
    return false;
  }

  #joinMap(name: string, reads: ReadonlySet<string>, cluster: MapCluster): boolean {
    const shared = [...reads].some(
      (read) =>
        cluster.members.includes(read) ||
        (this.#graph.count(read) === cluster.count && this.#readsOfCluster(cluster).has(read)),
    );
    if (!shared || !this.#isOpen(cluster, reads)) return false;
    // A word of four bytes has one writer.
    if ([...cluster.members, name].some((each) => this.#graph.type(each).dtype === 'u8')) {
      return false;
    }
    const place = Affine.variable(ELEMENT, cluster.count);
    const aligned = accessesOf(this.#graph, (x) => this.#stored.has(x), name, place).every(
      (access) => !cluster.members.includes(access.name) || access.at.code === place.code,
    );
    if (!aligned) return false;
    this.#extend(cluster, name, reads);
    return true;
  }

  #joinRows(
    name: string,
    reads: ReadonlySet<string>,
    rows: number,
    columns: number,
    isReduction: boolean,
    only?: RowsCluster,
  ): boolean {
    if (!this.#options.fuse || this.#graph.type(name).dtype === 'u8') return false;
    const candidates = [...this.#clusters]
      .reverse()
      .filter(
        (cluster): cluster is RowsCluster =>
          cluster.kind === 'rows' &&
          cluster.rows === rows &&
          cluster.columns === columns &&
          (only === undefined || cluster === only),
      );
    for (const cluster of candidates) {
      const own = [...reads].some(
        (read) =>
          cluster.members.includes(read) ||
          (this.#graph.count(read) === rows * columns && this.#readsOfCluster(cluster).has(read)),
      );
      if (!own || !this.#isOpen(cluster, reads)) continue;
      const operand = isReduction ? (this.#graph.definition(name)?.operands[0] as string) : name;
      if (!this.#isAligned(operand, cluster, isReduction)) continue;
      this.#extend(cluster, name, reads);
      return true;
    }
    return false;
  }

  /** Whether a value reads members of a cluster only in its own row, and its own element of rows. */
  #isAligned(name: string, cluster: RowsCluster, isOperand: boolean): boolean {
    const place = rowPlace(cluster.rows, cluster.columns);
    const row = Affine.variable(ROW, cluster.rows);
    const own = this.#graph.count(name) === cluster.rows ? row : place;
    const accesses =
      isOperand && this.#stored.has(name)
        ? [{ name, at: own }]
        : accessesOf(this.#graph, (x) => this.#stored.has(x), name, own);
    return accesses.every((access) => {
      if (!cluster.members.includes(access.name)) return true;
      const wanted = this.#graph.count(access.name) === cluster.rows ? row : place;
      return access.at.code === wanted.code;
    });
  }

  /** Whether a cluster takes a member that reads these. */
  #isOpen(cluster: MapCluster | RowsCluster, reads: ReadonlySet<string>): boolean {
    if (this.#closed.has(cluster) || cluster.members.length >= MEMBERS) return false;
    const all = new Set([...this.#readsOfCluster(cluster), ...cluster.members, ...reads]);
    return this.#buffers(all) + 1 <= this.#options.storageBuffers;
  }

  #readsOfCluster(cluster: Cluster): ReadonlySet<string> {
    return this.#reads.get(cluster) ?? new Set();
  }

  #extend(cluster: MapCluster | RowsCluster, name: string, reads: ReadonlySet<string>): void {
    cluster.members.push(name);
    // It runs where its last member stands.
    this.#clusters.delete(cluster);
    this.#add(cluster, reads);
  }

  #add(cluster: Cluster, reads: ReadonlySet<string>): void {
    this.#clusters.add(cluster);
    const known = this.#reads.get(cluster) ?? new Set();
    for (const name of reads) {
      known.add(name);
      const maker = this.#clusterOf.get(name);
      if (maker !== undefined && maker !== cluster) this.#closed.add(maker);
    }
    this.#reads.set(cluster, known);
    for (const name of cluster.members) this.#clusterOf.set(name, cluster);
  }

  #hold(name: string): void {
    this.#inline.delete(name);
    this.#stored.set(name, this.#stored.size);
  }
}

/** Whether these are the last axes of a shape. */
function isTrailing(axes: readonly number[], shape: Shape): boolean {
  const last = axes.map((_, i) => shape.length - axes.length + i);
  return axes.length > 0 && sameShape(axes, last);
}
