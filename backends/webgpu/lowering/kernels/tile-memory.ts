import { Affine } from '../affine.js';
import { Block } from '../block.js';
import { type KernelContext, openKernel } from './context.js';
import {
  type RowRange,
  type RowsOf,
  type StoredScores,
  type TileShape,
  type Tiles,
  tileShape,
} from './tiles.js';
import { tileStride } from './tiling.js';

/**
 * What a kernel of attention brings from memory into its tiles, and stores: rows, numbers of rows, scores. Lanes stand in a
 * square: see `TileSource`.
 */
export class TileMemory {
  readonly block: Block = new Block();
  readonly shape: TileShape;
  protected readonly tiles: Tiles;
  readonly #kernel: ReturnType<typeof openKernel>;

  constructor(context: KernelContext, tiles: Tiles) {
    this.#kernel = openKernel(context);
    this.tiles = tiles;
    this.shape = tileShape(tiles, context);
  }

  get source(): ReturnType<typeof openKernel>['source'] {
    return this.#kernel.source;
  }

  /** Numbers of a lane's rows, columns, and fours of a row. */
  get down(): readonly number[] {
    return counted(this.shape.rows / this.shape.side);
  }

  get across(): readonly number[] {
    return counted(this.shape.columns / this.shape.side);
  }

  get fours(): readonly number[] {
    return counted(Math.ceil(this.width4 / this.shape.side));
  }

  /** Fours of a row, and from a row of a tile to the next. */
  protected get width4(): number {
    return Math.ceil(this.tiles.rows.width / 4);
  }

  protected get rowFours(): number {
    return tileStride(4 * this.width4) / 4;
  }

  /** Brings rows of a value into a tile: from `start` on, 0 beyond the last. */
  bring(tile: string, { value, factor }: RowsOf, start: string, rows: number, block: Block): void {
    const { side } = this.shape;
    const fours = this.width4;
    const inner = new Block(block);
    inner.add(
      `let line = ${start} + e / ${fours}u;`,
      `let x = e % ${fours}u * 4u;`,
      'var four = vec4<f32>();',
    );
    const read = new Block(inner);
    const code = this.rowFour(value, 'line', 'x', read);
    read.add(`four = ${code}${times(factor)};`);
    inner.nest(`if (line < ${this.tiles.rows.length}u) {`, read);
    inner.add(`tile_${tile}[e / ${fours}u * ${this.rowFours}u + e % ${fours}u] = four;`);
    block.nest(`for (var e = lane; e < ${rows * fours}u; e += ${side * side}u) {`, inner);
  }

  /**
   * Brings scores of the own rows with the keys from `start` on, in their order: see `addProduct`. Those that are not there
   * are 0.
   */
  bringScores(tile: string, { value, keys }: StoredScores, start: string, block: Block): void {
    const { side, rows, columns } = this.shape;
    const { length } = this.tiles.rows;
    const fours = columns / 4;
    const inner = new Block(block);
    inner.add(
      `let line = first + e / ${fours}u;`,
      `let key = ${start} + e % ${fours}u * 4u;`,
      'var four = vec4<f32>();',
    );
    const at = this.#scorePlace(keys, 'line', 'key');
    inner.add(
      `if (line < ${length}u && key < ${length}u) { four = ${this.source.loadVector(value, at)}; }`,
      `tile_${tile}[e / ${fours}u * ${tileStride(columns) / 4}u + e % ${fours}u] = four;`,
    );
    block.nest(`for (var e = lane; e < ${rows * fours}u; e += ${side * side}u) {`, inner);
  }

  /** Stores the scores `<name>_<i>_<j>` of the own rows, which are keys, with a tile's queries. */
  storeScores(name: string, { value, keys }: StoredScores, block: Block): void {
    for (const j of this.across) {
      const column = new Block(block);
      for (const i of this.down.filter((row) => row % 4 === 0)) {
        const four = [0, 1, 2, 3].map((next) => `${name}_${i + next}_${j}`).join(', ');
        const at = this.#scorePlace(keys, `col_${j}`, `(first + lane_row + ${i}u)`);
        column.add(this.source.storeVector(value, at, `vec4<f32>(${four})`));
      }
      block.nest(`if (there_${j}) {`, column);
    }
  }

  /**
   * Stores sums as the own rows.
   *
   * @param factor Multiplies the sums. @defaultValue 1
   * @param added Whether they are added to what is stored there. @defaultValue false
   */
  storeRows(member: string, sums: string, factor = 1, added = false): void {
    const { width } = this.tiles.rows;
    const isOne = width % 4 === 0 && this.source.hasVectors(member);
    for (const i of this.down) {
      const row = new Block(this.block);
      for (const x of this.fours) {
        const four = `${sums}_${i}_${x}${times(factor)}`;
        const own = new Block(row);
        if (isOne) {
          const at = this.#fours('line', `four_${x}`);
          const before = added ? `${this.source.loadVector(member, at)} + ` : '';
          own.add(this.source.storeVector(member, at, before + four));
        } else {
          for (const next of [0, 1, 2, 3]) {
            const column = Affine.variable(`(four_${x} * 4u + ${next}u)`, Math.max(2, width));
            const at = this.#place('line', column);
            const before = added ? `${this.source.load(member, at)} + ` : '';
            const store = this.source.store(member, at, `${before}(${four})[${next}]`);
            own.add(`if (four_${x} * 4u + ${next}u < ${width}u) { ${store} }`);
          }
        }
        row.nest(`if (lane_col + ${x * this.shape.side}u < ${this.width4}u) {`, own);
      }
      this.#ofRow(i, row);
    }
  }

  /** Stores a number of each of the own rows: the `which`-th array of such numbers. */
  storeNumbers(value: string, which: number, name: string): void {
    for (const i of this.down) {
      const row = new Block(this.block);
      const store = this.source.store(value, this.scalarPlace('line', which), `${name}_${i}`);
      row.add(`if (lane_col == 0u) { ${store} }`);
      this.#ofRow(i, row);
    }
  }

  /** A number of a row: the `which`-th array of such numbers; of the last row where there is no such. */
  number(value: string, which: number, line: string, block: Block): string {
    const name = this.source.fresh('line');
    block.add(`let ${name} = min(${line}, ${this.tiles.rows.length - 1}u);`);
    return this.source.load(value, this.scalarPlace(name, which));
  }

  /** The place of a number a row in an array of such numbers: the `which`-th. */
  scalarPlace(line: string, which = 0): Affine {
    const { batches, length } = this.tiles.rows;
    return Affine.constant(which * batches * length)
      .plus(Affine.variable('batch', batches).times(length))
      .plus(Affine.variable(line, length));
  }

  /** The place of the scores of a query with four keys, the first a multiple of 4, counted by fours. */
  #scorePlace({ from, to }: RowRange, query: string, key: string): Affine {
    const { batches, length } = this.tiles.rows;
    const fours = (to - from) / 4;
    return Affine.variable('batch', batches)
      .times(length * fours)
      .plus(Affine.variable(query, length).times(fours))
      .plus(Affine.variable(`(${from === 0 ? key : `(${key} - ${from}u)`} / 4u)`, fours));
  }

  /** Statements for an own row that is there, with its number `line`. */
  #ofRow(i: number, row: Block): void {
    const own = new Block(this.block);
    own.add(`let line = first + lane_row + ${i}u;`);
    own.nest(`if (line < ${this.tiles.rows.length}u) {`, row);
    this.block.nest('{', own);
  }

  /** Four elements of a row from `x` on, which is a multiple of 4; beyond its end they are 0. */
  protected rowFour(value: string, line: string, x: string, block: Block): string {
    const { width } = this.tiles.rows;
    const { expressions, source } = this.#kernel;
    const at = (column: string): Affine => this.#place(line, Affine.variable(column, width));
    const joined =
      width % 4 === 0 && width > 1
        ? expressions.vectorAt(value, at(x), x, this.tiles.member)
        : undefined;
    if (joined !== undefined) return joined;
    const four = source.fresh('four');
    block.add(`var ${four} = vec4<f32>();`);
    for (let next = 0; next < 4; next++) {
      const column = source.fresh('x');
      const inner = new Block(block);
      inner.add(`let ${column} = ${x} + ${next}u;`);
      const element = expressions.at(value, at(column), inner, this.tiles.member);
      inner.add(`${four}[${next}] = ${element};`);
      block.nest(width % 4 === 0 ? '{' : `if (${x} + ${next}u < ${width}u) {`, inner);
    }
    return four;
  }

  #place(line: string, column: Affine): Affine {
    const { batches, length, width } = this.tiles.rows;
    return Affine.variable('batch', batches)
      .times(length * width)
      .plus(Affine.variable(line, length).times(width))
      .plus(column);
  }

  /** The place of a four of a row, counted by fours. */
  #fours(line: string, four: string): Affine {
    const { batches, length, width } = this.tiles.rows;
    return Affine.variable('batch', batches)
      .times((length * width) / 4)
      .plus(Affine.variable(line, length).times(width / 4))
      .plus(Affine.variable(four, width / 4));
  }
}

function counted(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function times(factor = 1): string {
  return factor === 1 ? '' : ` * ${factorCode(factor)}`;
}

function factorCode(factor: number): string {
  const text = String(Math.fround(factor));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
