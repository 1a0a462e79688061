import { elementCount, type Operation, type Shape } from '../../../spec/program/index.js';
import { Affine, axisIndices, linearIndex } from './affine.js';
import { Block } from './block.js';
import { elementwiseCode, isElementwise, VIEW_OPERATIONS } from './elementwise.js';
import type { IsRead } from './fusion.js';
import type { Graph } from './graph.js';
import type { KernelSource } from './kernel-source.js';
import { type ElementReader, viewElement } from './views.js';
import { literal, wgslType } from './wgsl.js';

/** What a kernel has at hand without reading it: an accumulator, a sum of its own row. */
export type Held = (name: string, at: Affine) => string | undefined;

/** Which of four elements side by side. */
const NEXT = 'next';

/**
 * Writes what a value is at an index, as WGSL: down to values that lie in memory, through every
 * operation that has none of its own.
 */
export class Expressions implements ElementReader {
  readonly #graph: Graph;
  readonly #isRead: IsRead;
  /** The member of the cluster whose definition is being written. */
  #member = '';
  readonly #source: KernelSource;
  readonly #held: Held;

  constructor(graph: Graph, isRead: IsRead, source: KernelSource, held: Held = () => undefined) {
    this.#graph = graph;
    this.#isRead = isRead;
    this.#source = source;
    this.#held = held;
  }

  /**
   * The element at a place of the row-major order: an expression, or the name of one.
   *
   * @param member The member of the cluster that it is an operand of.
   */
  at(name: string, place: Affine, block: Block, member: string): string {
    this.#member = member;
    const { shape } = this.#graph.type(name);
    if (elementCount(shape) === 0) return this.#zero(name);
    return this.#write(name, axisIndices(place, shape), block, true);
  }

  /** The same for a value that this kernel itself makes: its definition, wherever it is stored. */
  definitionAt(name: string, place: Affine, block: Block): string {
    this.#member = name;
    const { shape } = this.#graph.type(name);
    return this.#write(name, axisIndices(place, shape), block, false);
  }

  /**
   * Four elements that lie side by side along a variable, which counts in fours: where the value is
   * nothing but a view of one in memory that has them so.
   */
  vectorAt(name: string, place: Affine, variable: string, member: string): string | undefined {
    this.#member = member;
    const byFours = place.split(variable, 4, NEXT);
    if (byFours === undefined) return undefined;
    const found = this.#viewed(name, axisIndices(byFours, this.shape(name)));
    if (found === undefined || !this.#source.hasVectors(found.name)) return undefined;
    if (found.at.coefficient(NEXT) !== 1) return undefined;
    const fours = found.at.without(NEXT).over(4);
    return fours && this.#source.loadVector(found.name, fours);
  }

  /**
   * The element at a place that moves along a variable in a loop: where it lies at 0 is computed
   * once, where the value is a view that moves in equal steps.
   */
  strided(name: string, place: Affine, variable: string, loop: Block, member: string): string {
    this.#member = member;
    const found = this.#viewed(name, axisIndices(place, this.shape(name)));
    const step = found?.at.coefficient(variable);
    if (found === undefined || step === undefined || loop.parent === undefined) {
      return this.at(name, place, loop, member);
    }
    const start = this.#source.fresh('at');
    loop.parent.add(`let ${start} = ${found.at.without(variable).code};`);
    const extent = found.at.without(variable).extent;
    const moved = Affine.of({ code: start, extent: Math.max(2, extent) });
    return this.#source.load(found.name, moved.plus(Affine.variable(variable, 2).times(step)));
  }

  /** The value in memory of which a value is a view, and the place there. */
  #viewed(
    name: string,
    index: readonly Affine[],
  ): { readonly name: string; readonly at: Affine } | undefined {
    const { shape } = this.#graph.type(name);
    if (elementCount(shape) === 0) return undefined;
    const definition = this.#graph.definition(name);
    if (definition === undefined || this.#isRead(name, this.#member)) {
      return { name, at: linearIndex(index, shape) };
    }
    if (definition.op === 'call' || !VIEW_OPERATIONS.has(definition.op)) return undefined;
    const found: { name: string; at: Affine }[] = [];
    viewElement(definition, index, new Block(), {
      shape: (value) => this.shape(value),
      literal: (value, element) => this.literal(value, element),
      guarded: () => '',
      operand: (value, own) => {
        const seen = this.#viewed(value, own);
        if (seen !== undefined) found.push(seen);
        return '';
      },
    });
    return found[0];
  }

  #write(name: string, index: readonly Affine[], from: Block, read: boolean): string {
    const { dtype, shape } = this.#graph.type(name);
    // A kernel that does not know the element discards it.
    if (elementCount(shape) === 0) return this.#zero(name);
    const place = linearIndex(index, shape);
    const held = this.#held(name, place);
    if (held !== undefined) return held;
    const block = from.home(place);
    const key = `${name} ${place.code}`;
    const known = block.known(key);
    if (known !== undefined) return known;
    const definition = this.#graph.definition(name);
    const code =
      definition === undefined || (read && this.#isRead(name, this.#member))
        ? this.#source.load(name, place)
        : this.#define(definition, index, block);
    if (/^[a-z]+\d+$/.test(code) || definition?.op === 'constant') {
      block.know(key, code);
      return code;
    }
    const local = this.#source.fresh();
    block.add(`let ${local}: ${wgslType(dtype, name).value} = ${code};`);
    block.know(key, local);
    return local;
  }

  #define(operation: Operation, index: readonly Affine[], block: Block): string {
    if (operation.op === 'call') throw new Error(`${operation.composite} is not expanded`);
    if (isElementwise(operation)) {
      const operands = operation.operands.map((name) => this.#write(name, index, block, true));
      const types = operation.operands.map((name) => this.#graph.type(name).dtype);
      return elementwiseCode(operation, operands, types, (name) => this.#source.helper(name));
    }
    return viewElement(operation, index, block, this);
  }

  operand(name: string, index: readonly Affine[], block: Block): string {
    return this.#write(name, index, block, true);
  }

  shape(name: string): Shape {
    return this.#graph.type(name).shape;
  }

  /** An element that is read only where a condition holds, else another. */
  guarded(
    condition: string,
    name: string,
    index: readonly Affine[],
    other: string,
    block: Block,
  ): string {
    const { dtype } = this.#graph.type(name);
    const local = this.#source.fresh('v');
    const inner = new Block(block);
    const code = this.#write(name, index, inner, true);
    inner.add(`${local} = ${code};`);
    block.add(`var ${local}: ${wgslType(dtype, name).value} = ${other};`);
    block.nest(`if (${condition}) {`, inner);
    return local;
  }

  literal(name: string, value: number): string {
    return literal(this.#graph.type(name).dtype, value);
  }

  #zero(name: string): string {
    return this.literal(name, 0);
  }
}
