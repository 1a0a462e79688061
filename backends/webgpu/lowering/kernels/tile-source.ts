import { Block } from '../block.js';
import type { KernelContext } from './context.js';
import { TileMemory } from './tile-memory.js';
import type { Tiles } from './tiles.js';
import { tileStride } from './tiling.js';

/**
 * A kernel of attention while it is written. Lanes stand in a square. Of a tile of scores a lane has `down` rows that lie
 * together, and every `side`-th column, four in all: lanes side by side then read other rows of what is swept, which the
 * stride of its tile puts into other banks. It puts down the four of a row at once: a component of a vector must have one
 * writer, since a device may write them all. Of the sums of the own rows it has the same rows, and every `side`-th four.
 */
export class TileSource extends TileMemory {
  constructor(context: KernelContext, tiles: Tiles) {
    super(context, tiles);
    const { rows, columns, side } = this.shape;
    const { own, swept, scores } = tiles;
    for (const { name } of own) this.#share(name, rows * this.rowFours);
    for (const name of swept) this.#share(name, columns * this.rowFours);
    for (const name of scores) this.#share(name, (rows * tileStride(columns)) / 4);
    this.source.shared('across', `array<f32, ${rows * side}>`);
  }

  #share(name: string, fours: number): void {
    this.source.shared(`tile_${name}`, `array<vec4<f32>, ${fours}>`);
  }

  /** Waits until all lanes are there. */
  meet(block: Block): void {
    block.add('workgroupBarrier();');
  }

  /** Declares `<name>_<i>_<j>`: the products of the own rows of one tile with the rows of another. */
  multiply(name: string, own: string, swept: string, block: Block): void {
    const { side } = this.shape;
    const pairs = this.down.flatMap((i) => this.across.map((j) => [i, j] as const));
    block.add(...pairs.map(([i, j]) => `var ${name}_${i}_${j} = 0.0f;`));
    const inner = new Block(block);
    for (const i of this.down) {
      inner.add(`let a_${i} = tile_${own}[(lane_row + ${i}u) * ${this.rowFours}u + f];`);
    }
    for (const j of this.across) {
      const row = `(lane_col + ${j * side}u)`;
      inner.add(`let b_${j} = tile_${swept}[${row} * ${this.rowFours}u + f];`);
    }
    inner.add(...pairs.map(([i, j]) => `${name}_${i}_${j} += dot(a_${i}, b_${j});`));
    block.nest(`for (var f = 0u; f < ${this.width4}u; f++) {`, inner);
  }

  /** Declares `held_<i>`: whether an own row is one. */
  heldRows(block: Block): void {
    const { length } = this.tiles.rows;
    block.add(...this.down.map((i) => `let held_${i} = first + lane_row + ${i}u < ${length}u;`));
  }

  /** Declares `there_<j>`: whether the other row of a lane's column is one. */
  columns(block: Block): void {
    for (const j of this.across) {
      block.add(
        `let col_${j} = start + lane_col + ${j * this.shape.side}u;`,
        `let there_${j} = col_${j} < ${this.tiles.rows.length}u;`,
      );
    }
  }

  /** Puts a lane's four of a row into a tile of scores, for all lanes to read. */
  put(tile: string, i: number, four: (j: number) => string, block: Block): void {
    const stride = tileStride(this.shape.columns) / 4;
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
    const { side, columns } = this.shape;
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
        inner.add(`let ${value} = tile_${swept}[${column(next)} * ${this.rowFours}u + four_${x}];`);
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
    const { side } = this.shape;
    const place = (i: number): string => `(lane_row + ${i}u) * ${side}u`;
    block.add(...this.down.map((i) => `across[${place(i)} + lane_col] = ${name}_${i};`));
    this.meet(block);
    for (const i of this.down) {
      block.add(`${name}_${i} = across[${place(i)}];`);
      const next = combine(`${name}_${i}`, `across[${place(i)} + x]`);
      block.add(`for (var x = 1u; x < ${side}u; x++) { ${name}_${i} = ${next}; }`);
    }
  }

  /** Declares `<name>_<i>`: the product of each own row of a tile with the same row of a value. */
  rowProducts(name: string, own: string, value: string, block: Block): void {
    for (const i of this.down) {
      const inner = new Block(block);
      block.add(`var ${name}_${i} = 0.0f;`);
      inner.add(`let line = first + lane_row + ${i}u;`, 'let x = f * 4u;');
      const row = new Block(inner);
      const four = this.rowFour(value, 'line', 'x', row);
      const at = `(lane_row + ${i}u) * ${this.rowFours}u + f`;
      row.add(`${name}_${i} += dot(tile_${own}[${at}], ${four});`);
      inner.nest(`if (line < ${this.tiles.rows.length}u) {`, row);
      const { side } = this.shape;
      block.nest(`for (var f = lane_col; f < ${this.width4}u; f += ${side}u) {`, inner);
    }
    this.acrossLanes(name, (a, b) => `${a} + ${b}`, block);
  }
}
