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
 * A kernel of attention while it is written. Lanes stand in a square. Of a tile of scores a lane has `down` rows that lie
 * together, and every `side`-th column, four in all: lanes side by side then read other rows of what is swept, which the
 * stride of its tile puts into other banks. It puts down the four of a row at once: a component of a vector must have one
 * writer, since a device may write them all. Of the sums of the own rows it has the same rows, and every `side`-th four.
 */
export class TileSource {
  readonly block: Block = new Block();
  readonly #kernel: ReturnType<typeof openKernel>;
  readonly #tiles: Tiles;
  readonly #shape: TileShape;

  constructor(context: KernelContext, tiles: Tiles) {
    this.#kernel = openKernel(context);
    this.#tiles = tiles;
    this.#shape = tileShape(tiles, context);
    const { rows, columns, side } = this.#shape;
    const { own, swept, scores } = tiles;
    for (const { name } of own) this.#share(name, rows * this.#rowFours);
    for (const name of swept) this.#share(name, columns * this.#rowFours);
    for (const name of scores) this.#share(name, (rows * tileStride(columns)) / 4);
    this.source.shared('across', `array<f32, ${rows * side}>`);
  }

  get source(): ReturnType<typeof openKernel>['source'] {
    return this.#kernel.source;
  }

  get shape(): TileShape {
    return this.#shape;
  }

  /** Numbers of a lane's rows, columns, and fours of a row. */
  get down(): readonly number[] {
    return counted(this.#shape.rows / this.#shape.side);
  }

  get across(): readonly number[] {
    return counted(this.#shape.columns / this.#shape.side);
  }

  get fours(): readonly number[] {
    return counted(Math.ceil(this.#width4 / this.#shape.side));
  }

  /** Fours of a row, and from a row of a tile to the next. */
  get #width4(): number {
    return Math.ceil(this.#tiles.rows.width / 4);
  }

  get #rowFours(): number {
    return tileStride(4 * this.#width4) / 4;
  }

  #share(name: string, fours: number): void {
    this.source.shared(`tile_${name}`, `array<vec4<f32>, ${fours}>`);
  }

  /** Waits until all lanes are there. */
  meet(block: Block): void {
    block.add('workgroupBarrier();');
  }

  /** Brings rows of a value into a tile: from `start` on, 0 beyond the last. */
  bring(tile: string, { value, factor }: RowsOf, start: string, rows: number, block: Block): void {
    const { side } = this.#shape;
    const fours = this.#width4;
    const inner = new Block(block);
    inner.add(
      `let line = ${start} + e / ${fours}u;`,
      `let x = e % ${fours}u * 4u;`,
      'var four = vec4<f32>();',
    );
    const read = new Block(inner);
    const code = this.#four(value, 'line', 'x', read);
    read.add(`four = ${code}${times(factor)};`);
    inner.nest(`if (line < ${this.#tiles.rows.length}u) {`, read);
    inner.add(`tile_${tile}[e / ${fours}u * ${this.#rowFours}u + e % ${fours}u] = four;`);
    block.nest(`for (var e = lane; e < ${rows * fours}u; e += ${side * side}u) {`, inner);
  }

  /** Declares `<name>_<i>_<j>`: the products of the own rows of one tile with the rows of another. */
  multiply(name: string, own: string, swept: string, block: Block): void {
    const { side } = this.#shape;
    const pairs = this.down.flatMap((i) => this.across.map((j) => [i, j] as const));
    block.add(...pairs.map(([i, j]) => `var ${name}_${i}_${j} = 0.0f;`));
    const inner = new Block(block);
    for (const i of this.down) {
      inner.add(`let a_${i} = tile_${own}[(lane_row + ${i}u) * ${this.#rowFours}u + f];`);
    }
    for (const j of this.across) {
      const row = `(lane_col + ${j * side}u)`;
      inner.add(`let b_${j} = tile_${swept}[${row} * ${this.#rowFours}u + f];`);
    }
    inner.add(...pairs.map(([i, j]) => `${name}_${i}_${j} += dot(a_${i}, b_${j});`));
    block.nest(`for (var f = 0u; f < ${this.#width4}u; f++) {`, inner);
  }

  /**
   * Brings scores of the own rows with the keys from `start` on, in their order: see `addProduct`. Those that are not there
   * are 0.
   */
  bringScores(tile: string, { value, keys }: StoredScores, start: string, block: Block): void {
    const { side, rows, columns } = this.#shape;
    const { length } = this.#tiles.rows;
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

  /** The place of the scores of a query with four keys, the first a multiple of 4, counted by fours. */
  #scorePlace({ from, to }: RowRange, query: string, key: string): Affine {
    const { batches, length } = this.#tiles.rows;
    const fours = (to - from) / 4;
    return Affine.variable('batch', batches)
      .times(length * fours)
      .plus(Affine.variable(query, length).times(fours))
      .plus(Affine.variable(`(${from === 0 ? key : `(${key} - ${from}u)`} / 4u)`, fours));
  }

  /** Declares `held_<i>`: whether an own row is one. */
  heldRows(block: Block): void {
    const { length } = this.#tiles.rows;
    block.add(...this.down.map((i) => `let held_${i} = first + lane_row + ${i}u < ${length}u;`));
  }

  /** Declares `there_<j>`: whether the other row of a lane's column is one. */
  columns(block: Block): void {
    for (const j of this.across) {
      block.add(
        `let col_${j} = start + lane_col + ${j * this.#shape.side}u;`,
        `let there_${j} = col_${j} < ${this.#tiles.rows.length}u;`,
      );
    }
  }

  /** Puts a lane's four of a row into a tile of scores, for all lanes to read. */
  put(tile: string, i: number, four: (j: number) => string, block: Block): void {
    const stride = tileStride(this.#shape.columns) / 4;
    const codes = this.across.map(four).join(', ');
    block.add(`tile_${tile}[(lane_row + ${i}u) * ${stride}u + lane_col] = vec4<f32>(${codes});`);
  }

  /**
   * Adds the product of a tile of scores with a tile of other rows to sums of the own rows.
   *
   * @param order Of the columns in a row of scores: that of the lanes that `put` them, each with every `side`-th; or their own.
   */
  addProduct(
    sums: string,
    scores: string,
    swept: string,
    block: Block,
    order: 'lanes' | 'own' = 'lanes',
  ): void {
    const { side, columns } = this.#shape;
    const stride = tileStride(columns);
    const inner = new Block(block);
    for (const i of this.down) {
      inner.add(`let w_${i} = tile_${scores}[(lane_row + ${i}u) * ${stride / 4}u + k];`);
    }
    const column = (next: number): string =>
      order === 'lanes' ? `(k + ${next * side}u)` : `(k * 4u + ${next}u)`;
    for (const next of this.across) {
      for (const x of this.fours) {
        const value = `v_${next}_${x}`;
        inner.add(
          `let ${value} = tile_${swept}[${column(next)} * ${this.#rowFours}u + four_${x}];`,
        );
        inner.add(...this.down.map((i) => `${sums}_${i}_${x} += w_${i}[${next}] * ${value};`));
      }
    }
    block.nest(`for (var k = 0u; k < ${side}u; k++) {`, inner);
  }

  /**
   * Combines a number that each lane has of each of its rows, `<name>_<i>`, over the lanes of the row; all
   * have it after that. No lane may still read what it combined before.
   */
  acrossLanes(name: string, combine: (a: string, b: string) => string, block: Block): void {
    const { side } = this.#shape;
    const place = (i: number): string => `(lane_row + ${i}u) * ${side}u`;
    block.add(...this.down.map((i) => `across[${place(i)} + lane_col] = ${name}_${i};`));
    this.meet(block);
    for (const i of this.down) {
      block.add(`${name}_${i} = across[${place(i)}];`);
      const next = combine(`${name}_${i}`, `across[${place(i)} + x]`);
      block.add(`for (var x = 1u; x < ${side}u; x++) { ${name}_${i} = ${next}; }`);
    }
  }

  /**
   * Stores sums as the own rows.
   *
   * @param factor Multiplies the sums. @defaultValue 1
   * @param added Whether they are added to what is stored there. @defaultValue false
   */
  storeRows(member: string, sums: string, factor = 1, added = false): void {
    const { width } = this.#tiles.rows;
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
        row.nest(`if (lane_col + ${x * this.#shape.side}u < ${this.#width4}u) {`, own);
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
    block.add(`let ${name} = min(${line}, ${this.#tiles.rows.length - 1}u);`);
    return this.source.load(value, this.scalarPlace(name, which));
  }

  /** The place of a number a row in an array of such numbers: the `which`-th. */
  scalarPlace(line: string, which = 0): Affine {
    const { batches, length } = this.#tiles.rows;
    return Affine.constant(which * batches * length)
      .plus(Affine.variable('batch', batches).times(length))
      .plus(Affine.variable(line, length));
  }

  /** Declares `<name>_<i>`: the product of each own row of a tile with the same row of a value. */
  rowProducts(name: string, own: string, value: string, block: Block): void {
    for (const i of this.down) {
      const inner = new Block(block);
      block.add(`var ${name}_${i} = 0.0f;`);
      inner.add(`let line = first + lane_row + ${i}u;`, 'let x = f * 4u;');
      const row = new Block(inner);
      const four = this.#four(value, 'line', 'x', row);
      const at = `(lane_row + ${i}u) * ${this.#rowFours}u + f`;
      row.add(`${name}_${i} += dot(tile_${own}[${at}], ${four});`);
      inner.nest(`if (line < ${this.#tiles.rows.length}u) {`, row);
      const { side } = this.#shape;
      block.nest(`for (var f = lane_col; f < ${this.#width4}u; f += ${side}u) {`, inner);
    }
    this.acrossLanes(name, (a, b) => `${a} + ${b}`, block);
  }

  /** Statements for an own row that is there, with its number `line`. */
  #ofRow(i: number, row: Block): void {
    const own = new Block(this.block);
    own.add(`let line = first + lane_row + ${i}u;`);
    own.nest(`if (line < ${this.#tiles.rows.length}u) {`, row);
    this.block.nest('{', own);
  }

  /** Four elements of a row from `x` on, which is a multiple of 4; beyond its end they are 0. */
  #four(value: string, line: string, x: string, block: Block): string {
    const { width } = this.#tiles.rows;
    const { expressions, source } = this.#kernel;
    const at = (column: string): Affine => this.#place(line, Affine.variable(column, width));
    const joined =
      width % 4 === 0 && width > 1
        ? expressions.vectorAt(value, at(x), x, this.#tiles.member)
        : undefined;
    if (joined !== undefined) return joined;
    const four = source.fresh('four');
    block.add(`var ${four} = vec4<f32>();`);
    for (let next = 0; next < 4; next++) {
      const column = source.fresh('x');
      const inner = new Block(block);
      inner.add(`let ${column} = ${x} + ${next}u;`);
      const element = expressions.at(value, at(column), inner, this.#tiles.member);
      inner.add(`${four}[${next}] = ${element};`);
      block.nest(width % 4 === 0 ? '{' : `if (${x} + ${next}u < ${width}u) {`, inner);
    }
    return four;
  }

  #place(line: string, column: Affine): Affine {
    const { batches, length, width } = this.#tiles.rows;
    return Affine.variable('batch', batches)
      .times(length * width)
      .plus(Affine.variable(line, length).times(width))
      .plus(column);
  }

  /** The place of a four of a row, counted by fours. */
  #fours(line: string, four: string): Affine {
    const { batches, length, width } = this.#tiles.rows;
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
