import {
  type Call,
  type ElementwiseName,
  type Operation,
  type Primitive,
  type Shape,
  sameShape,
} from '../../../spec/program/index.js';
import { boundByAttention, type Cluster } from './cluster.js';
import { Clusters, type FusionOptions } from './clusters.js';
import { elementwiseCost, isElementwise, VIEW_OPERATIONS } from './elementwise.js';
import type { Graph } from './graph.js';
import type { ViewName } from './views.js';

export interface Fusion {
  /** In an order in which they can run. */
  readonly clusters: readonly Cluster[];
  /** Values that are computed once: they lie in memory, or only their own cluster reads them. */
  readonly stored: ReadonlySet<string>;
  /**
   * Whether a member of a cluster reads a value from memory instead of computing it again. It depends
   * on the member, since a value may be put into memory after some of its users were written.
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
  /** How many operations make one of its elements. */
  readonly cost: number;
  /** The matrix product that it follows element by element, in whose kernel it can still be made. */
  readonly product?: string;
}

/** A value is computed again for each of its users where that reads at most so many times its elements. */
const READ_AGAIN = 1.25;
/** Stretched values are computed once for each copy, so they must take less. */
const CHEAP_TO_STRETCH = 2;
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
  /** Stored values, each with the number of those that were stored before it. */
  readonly #stored = new Map<string, number>();
  readonly #inline = new Map<string, Inline>();
  readonly #clusters: Clusters;

  constructor(graph: Graph, options: FusionOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#clusters = new Clusters(graph, (name) => this.#stored.has(name), options);
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
      clusters: this.#clusters.inOrder,
      stored: new Set(stored.keys()),
      isRead,
      reads: this.#clusters.reads,
    };
  }

  #visit(operation: Operation, name: string): void {
    switch (operation.op) {
      case 'call':
        this.#settle(operation.operands);
        this.#attend(operation);
        return;
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
        // Its kernel binds two lists beside the result.
        this.#fit(operation.operands, 3);
        this.#clusters.add({ kind: 'scatter', members: [name] }, this.#currentReads(name));
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
  #fold(operation: Primitive<ElementwiseName | ViewName>, name: string): void {
    const { operands } = operation;
    const elementwise = isElementwise(operation);
    if (!elementwise && operation.op !== 'reshape') this.#settle(operands);
    const products = operands.filter((x) => this.#inline.get(x)?.product !== undefined);
    // A kernel makes one matrix product: where several are read, all but the last are stored.
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
    if (users.some(({ op }) => op === 'matmul' || op === 'call') && !isView) return true;
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

  /** Computing it again takes less than writing and reading it, and moves no more bytes. */
  #isCheap(name: string, users: number): boolean {
    const { reads, cost } = this.#inline.get(name) as Inline;
    const words = [...reads].reduce((sum, value) => sum + this.#graph.count(value), 0);
    const count = this.#graph.count(name);
    return (
      cost <= this.#options.cheap &&
      words <= READ_AGAIN * count &&
      users * words <= words + (1 + users) * count
    );
  }

  /** Stores those operands that were still to be made in the kernel of a matrix product. */
  #settle(operands: readonly string[]): void {
    for (const name of operands) {
      if (this.#inline.get(name)?.product !== undefined) this.#store(name);
    }
  }

  /** Stores operands until one kernel can bind all that the result reads. */
  #fit(operands: readonly string[], results = 1): void {
    for (;;) {
      if (this.#clusters.fits(this.#joined(operands).reads, results)) return;
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
      this.#clusters.add({ kind: 'product', product: inline.product, members: [name] }, reads);
    } else if (!this.#clusters.join(name, reads)) {
      this.#clusters.add({ kind: 'map', count: this.#graph.count(name), members: [name] }, reads);
    }
    this.#hold(name);
  }

  /** What a value is read from now: some that it was made of may have come to lie in memory. */
  #currentReads(name: string): ReadonlySet<string> {
    const operands = this.#graph.definition(name)?.operands ?? [];
    return this.#graph.leaves(operands, (operand) => this.#stored.has(operand));
  }

  #attend(call: Call): void {
    for (const { operands, others } of boundByAttention(call)) this.#fit(operands, others);
    const members = call.results.map(({ name }) => name);
    const reads = this.#currentReads(members[0] as string);
    this.#clusters.add({ kind: 'attention', call, members }, reads);
    for (const name of members) this.#hold(name);
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
    if (!isRows && this.#clusters.joinReduce(name, reads)) {
      // It is made beside another one.
    } else if (!isRows) this.#clusters.add({ kind: 'reduce', members: [name] }, reads);
    else if (!this.#clusters.joinRows(name, reads, { rows, columns })) {
      this.#clusters.add({ kind: 'rows', rows, columns, members: [name] }, reads);
    }
    this.#hold(name);
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
