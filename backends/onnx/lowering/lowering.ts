import type { GraphWriter, MICROSOFT, NodeAttribute } from '../../../formats/onnx/graph-writer.js';
import { LacunaError } from '../../../spec/errors.js';
import {
  elementCount,
  type Operation,
  type Program,
  type Shape,
  sameShape,
  type TensorType,
  type ValueDeclaration,
} from '../../../spec/program/index.js';
import { hasShortRuns, stretchedShape } from './stretched-shape.js';

export interface LoweringOptions {
  /**
   * Use operators of the ONNX standard only, none of ONNX Runtime's own (`com.microsoft`), so that
   * any ONNX engine can run the graph. @defaultValue false
   */
  readonly standardOnly?: boolean;
  /**
   * Elementwise composites of more elements than this for each thread, of four at most, run chunk by chunk, in the cache
   * of a CPU, which also has short runs written out before they are stretched; 0 does neither. @defaultValue 0
   */
  readonly chunkElements?: number;
  /**
   * Attention over at least so many queries runs head by head or block by block, with no more scores at a time
   * than four `chunkElements` for each thread; where that is 0, it never does. @defaultValue 256
   */
  readonly blocksFrom?: number;
  /**
   * Products of more rows run so many rows of each thread at a time, on a CPU (`chunkElements` is not 0). @defaultValue 640
   */
  readonly productRows?: number;
  /**
   * Gradients of weights that sum at least so many terms are made without a transposed left operand, on a CPU (`chunkElements` is not
   * 0). @defaultValue 1024
   */
  readonly turnedFrom?: number;
  /** Threads that share a chunk, a block of attention or of a product: it is so many times as large. @defaultValue 1 */
  readonly threads?: number;
}

/** Shorter sequences have scores that stay in the cache anyway, and are not computed twice for the gradient. */
export const BLOCKS_FROM = 256;
const PRODUCT_ROWS = 640;
const TURNED_FROM = 1024;

/** A tensor of the graph that a program's value is, or that stretches to it. */
export interface Compact {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * The state of one lowering, and what rules ask of it. Nodes that their user may take in are
 * deferred: written when something needs the value as such, or never.
 */
export class Lowering {
  readonly writer: GraphWriter;
  readonly standardOnly: boolean;
  readonly chunkElements: number;
  readonly threads: number;
  readonly productRows: number;
  readonly turnedFrom: number;
  readonly #types = new Map<string, TensorType>();
  readonly #definitions = new Map<string, Operation>();
  readonly #users = new Map<string, number>();
  readonly #names: Map<string, string>;
  readonly #deferred = new Map<string, () => void>();
  readonly #reshaped = new Map<string, Compact>();
  readonly #after: ReadonlyMap<string, readonly string[]>;

  /**
   * @param names ONNX names of values that are not called by their own name.
   * @param after For an operation, by the name of its first result, values that have to be there before it runs.
   */
  constructor(
    program: Program,
    writer: GraphWriter,
    names: ReadonlyMap<string, string>,
    options: LoweringOptions,
    after: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {
    this.writer = writer;
    this.#after = after;
    this.standardOnly = options.standardOnly ?? false;
    this.chunkElements = options.chunkElements ?? 0;
    this.threads = options.threads ?? 1;
    this.productRows =
      this.chunkElements === 0
        ? Number.POSITIVE_INFINITY
        : this.threads * (options.productRows ?? PRODUCT_ROWS);
    this.turnedFrom =
      this.chunkElements === 0 ? Number.POSITIVE_INFINITY : (options.turnedFrom ?? TURNED_FROM);
    this.#names = new Map(names);
    for (const input of program.inputs) this.#types.set(input.name, input);
    for (const operation of program.operations) {
      for (const result of operation.results) {
        this.#types.set(result.name, result);
        this.#definitions.set(result.name, operation);
      }
      for (const operand of operation.operands) this.#countUser(operand);
    }
    for (const { value } of program.outputs) this.#countUser(value);
  }

  type(value: string): TensorType {
    const type = this.#types.get(value);
    if (type === undefined) throw new LacunaError({ what: 'no value has this name', got: value });
    return type;
  }

  definition(value: string): Operation | undefined {
    return this.#definitions.get(value);
  }

  /** How often the value is used, as an operand of an operation or as an output of the program. */
  userCount(value: string): number {
    return this.#users.get(value) ?? 0;
  }

  /** The name of the tensor that holds the value in full; writes its node if that was deferred. */
  use(value: string): string {
    const write = this.#deferred.get(value);
    this.#deferred.delete(value);
    write?.();
    return this.#names.get(value) ?? value;
  }

  /**
   * A scalar operand of an operation that has to wait: the scalar behind nothing of each value for which it
   * waits, 0 elements cut off and put beside it. The scalar's bits stay, and no node can be moved past it.
   */
  useAfter(scalar: string, { results }: Operation): string {
    const waitFor = this.#after.get(results[0]?.name ?? '') ?? [];
    if (waitFor.length === 0) return this.use(scalar);
    const { writer } = this;
    const [zero, one] = [writer.integers([0]), writer.integers([1])];
    const nothing = waitFor.map((value) => {
      const none = writer.node('Slice', [this.use(value), zero, zero, zero]);
      return writer.node('Reshape', [none, zero], { allowzero: 1 });
    });
    const alone = writer.node('Reshape', [this.use(scalar), one]);
    const behind = writer.node('Concat', [alone, ...nothing], { axis: 0 });
    return writer.node('Reshape', [behind, writer.integers([])]);
  }

  /** A smaller tensor that ONNX's implicit broadcasting stretches to the value, where there is one. */
  compact(value: string): Compact {
    const definition = this.#definitions.get(value);
    if (definition?.op === 'broadcast' && this.#deferred.has(value)) {
      return this.compact(definition.operands[0] as string);
    }
    if (definition?.op === 'iota' && this.#deferred.has(value)) {
      const { shape, axis } = definition.attributes;
      return { name: this.iota(shape, axis), shape: shape.map((n, a) => (a === axis ? n : 1)) };
    }
    return { name: this.use(value), shape: this.type(value).shape };
  }

  /** The values as operands of one node that broadcasts, so that its result has `shape`. */
  stretch(values: readonly string[], shape: Shape): string[] {
    const operands = values.map((value) => this.compact(value));
    const stretched = stretchedShape(operands.map((operand) => operand.shape));
    const fits = sameShape(stretched, shape);
    return values.map((value, index) => {
      const { name, shape: own } = operands[index] as Compact;
      const isWalked = this.chunkElements !== 0 && hasShortRuns(own, shape);
      const isWhole = (!fits && index === 0) || isWalked;
      return isWhole ? this.use(value) : name;
    });
  }

  /** The number that every element of the value is, if it is a literal of one number. */
  uniform(value: string): number | undefined {
    const definition = this.#definitions.get(value);
    if (definition?.op === 'broadcast') return this.uniform(definition.operands[0] as string);
    if (definition?.op !== 'constant' || definition.attributes.data.length !== 1) return undefined;
    return definition.attributes.data[0];
  }

  /** Makes a value another name of a tensor that is there already. */
  alias(value: string, name: string): void {
    this.#names.set(value, name);
  }

  /** Puts off writing a node until the value is used as such. */
  defer(value: string, write: () => void): void {
    this.#deferred.set(value, write);
  }

  isDeferred(value: string): boolean {
    return this.#deferred.has(value);
  }

  /** Writes a node whose output is the operation's first result. */
  result(
    operation: Operation,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, NodeAttribute>> = {},
    domain: '' | typeof MICROSOFT = '',
  ): void {
    this.writer.node(opType, inputs, attributes, { outputs: this.resultNames(operation), domain });
  }

  /** The ONNX names of an operation's results; '' for one after the first that nothing uses. */
  resultNames({ results }: Operation): string[] {
    return results.map((result, index) =>
      index > 0 && this.userCount(result.name) === 0 ? '' : this.resultName(result),
    );
  }

  resultName({ name }: ValueDeclaration): string {
    return this.#names.get(name) ?? name;
  }

  /** Says which tensor holds the value's elements, in another shape. */
  reshaped(value: string, tensor: Compact): void {
    this.#reshaped.set(value, tensor);
    this.defer(value, () => {
      const shape = this.writer.integers(this.type(value).shape);
      const outputs = [this.resultName({ ...this.type(value), name: value })];
      this.writer.node('Reshape', [tensor.name, shape], {}, { outputs });
    });
  }

  /** A tensor that holds the value's elements, its shape whichever costs no copy. */
  anyShape(value: string): Compact {
    const tensor = this.#deferred.has(value) ? this.#reshaped.get(value) : undefined;
    return tensor ?? { name: this.use(value), shape: this.type(value).shape };
  }

  /** [0, 1, 2, ...] along `axis`, with extent 1 on the other axes. */
  iota(shape: Shape, axis: number): string {
    const [zero, one] = [this.writer.scalar('i32', 0), this.writer.scalar('i32', 1)];
    const end = this.writer.scalar('i32', shape[axis] as number);
    const range = this.writer.node('Range', [zero, end, one]);
    const compact = shape.map((n, a) => (a === axis ? n : 1));
    return this.writer.node('Reshape', [range, this.writer.integers(compact)]);
  }

  /** Whether an operand is empty though the result is not: ONNX operators differ on such. */
  hasEmptyOperand(operation: Operation): boolean {
    return operation.operands.some((operand) => elementCount(this.type(operand).shape) === 0);
  }

  #countUser(value: string): void {
    this.#users.set(value, this.userCount(value) + 1);
  }
}
