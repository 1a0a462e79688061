import { Affine } from '../affine.js';
import { Block } from '../block.js';
import { bankConflicts } from './bank-conflicts.js';
import { HELD } from './factors.js';
import { type ProductKernel, sidePlace, type TileLoads } from './product-plan.js';

/**
 * How the lanes of a workgroup bring a tile of one side of a product into workgroup memory: neighbours in memory by
 * neighbouring lanes, by fours where the matrix has them side by side. A lane has a share at a time: four lines and one term
 * of each, or four terms where those lie side by side. A four of the tile is written whole, by one lane: WGSL lets
 * a device that is given one component of a vector write all of it, and what another lane had put beside would be lost.
 */
export class TileLoad {
  readonly facts: TileLoads;
  /** Fours of the tile in workgroup memory, with its padding. */
  readonly fours: number;
  /** Shares of the tile, and how many of them a lane has at most. */
  readonly shares: number;
  readonly rounds: number;
  readonly #kernel: ProductKernel;
  readonly #which: 'a' | 'b';
  readonly #extent: number;
  readonly #stride: number;
  readonly #byFours: boolean;
  readonly #termsOfLane: 1 | 4;
  /** Shares side by side. */
  readonly #fast: number;

  constructor(kernel: ProductKernel, which: 'a' | 'b') {
    const { depth, tile, strides, lanes, factors } = kernel.plan;
    const { termsFirst } = kernel.plan[which];
    this.#kernel = kernel;
    this.#which = which;
    this.#extent = tile[which === 'a' ? 0 : 1];
    this.#byFours = this.#vector('o', 'k') !== undefined;
    this.#termsOfLane = this.#byFours && !termsFirst ? 4 : 1;
    this.#fast = termsFirst ? this.#extent / 4 : depth / this.#termsOfLane;
    const stride = strides[which === 'a' ? 0 : 1];
    this.#stride = stride;
    this.fours = (depth * stride) / 4;
    this.shares = (depth * this.#extent) / 4 / this.#termsOfLane;
    this.rounds = Math.ceil(this.shares / lanes);
    const { bytes } = HELD[factors];
    const conflicts = bankConflicts(4 * bytes, (e) => {
      const [first, second] = [e % this.#fast, Math.floor(e / this.#fast)];
      const [term, four] = termsFirst ? [second, first] : [first * this.#termsOfLane, second];
      return bytes * (term * stride + 4 * four);
    });
    this.facts = { isScalar: !this.#byFours, bankConflicts: conflicts };
  }

  /** Adds statements that bring the tile from term `start` on: what a lane reads it puts down at once. */
  bring(start: string, into: Block): void {
    const inner = new Block(into, 'e');
    this.#read('e', start, '', inner);
    this.#putDown('', '', inner);
    into.nest(`for (var e = lane; e < ${this.shares}u; e += ${this.#kernel.plan.lanes}u) {`, inner);
  }

  /** Adds statements that only read it: each lane keeps its shares in registers, 0 beyond the edges. */
  fetch(start: string, into: Block): void {
    for (let round = 0; round < this.rounds; round++) {
      const own = `${this.#which}${round}_`;
      into.add(`let ${own}e = lane + ${round * this.#kernel.plan.lanes}u;`);
      this.#read(`${own}e`, start, own, into, this.#isFull(round) ? '' : this.#hasShare(own));
    }
  }

  /** Adds statements that put down what was fetched, in the tile that begins at a four of the memory. */
  putDown(at: string, into: Block): void {
    for (let round = 0; round < this.rounds; round++) {
      const own = `${this.#which}${round}_`;
      const inner = new Block(into);
      this.#putDown(own, `${at} + `, inner);
      into.nest(this.#isFull(round) ? '{' : `if (${this.#hasShare(own)}) {`, inner);
    }
  }

  /** Whether all lanes have a share in a round. */
  #isFull(round: number): boolean {
    return (round + 1) * this.#kernel.plan.lanes <= this.shares;
  }

  #hasShare(own: string): string {
    return `${own}e < ${this.shares}u`;
  }

  /**
   * Declares what the `e`-th share holds, and where it belongs.
   *
   * @param own What the names of its variables begin with.
   * @param condition Whether there is such a share, where there may be none.
   */
  #read(e: string, start: string, own: string, into: Block, condition = ''): void {
    const { plan, range, source, expressions } = this.#kernel;
    const side = plan[this.#which];
    const { scalar, convert } = HELD[plan.factors];
    const [quick, slow] = [`${e} % ${this.#fast}u`, `${e} / ${this.#fast}u`];
    const [k, o] = [`${own}k`, `${own}o`];
    const converted = (code: string, width: '' | '4'): string =>
      convert === undefined ? code : `${source.helper(`${convert}${width}`)}(${code})`;
    into.add(
      `let ${own}term = ${side.termsFirst ? slow : quick}${this.#termsOfLane === 4 ? ' * 4u' : ''};`,
      `let ${own}other = ${side.termsFirst ? quick : slow} * 4u;`,
      `let ${k} = ${start} + ${own}term;`,
      `let ${o} = ${this.#which === 'a' ? 'tile_row' : 'tile_col'} + ${own}other;`,
    );
    /** Reads what there is at the line, below the edges of the matrix. */
    const read = (line: string, write: (block: Block) => void): void => {
      const value = new Block(into);
      write(value);
      const isThere = `${k} < ${range[1]} && ${line} < ${side.extent}u`;
      into.nest(`if (${condition === '' ? '' : `${condition} && `}${isThere}) {`, value);
    };
    const lines = [0, 1, 2, 3].map((next) => `${o}_${next}`);
    if (this.#byFours && side.termsFirst) {
      into.add(`var ${own}x = vec4<${scalar}>();`);
      read(o, (value) => value.add(`${own}x = ${converted(this.#vector(o, k) as string, '4')};`));
      return;
    }
    lines.forEach((line, next) => {
      into.add(`let ${line} = ${o} + ${next}u;`);
    });
    if (this.#byFours) {
      lines.forEach((line, next) => {
        const x = `${own}x_${next}`;
        into.add(`var ${x} = vec4<${scalar}>();`);
        read(line, (value) =>
          value.add(`${x} = ${converted(this.#vector(line, k) as string, '4')};`),
        );
      });
      return;
    }
    into.add(`var ${own}x = vec4<${scalar}>();`);
    lines.forEach((line, next) => {
      read(line, (value) => {
        const place = this.#place(line, k);
        const element = expressions.at(side.value, place, value, plan.members[0] as string);
        value.add(`${own}x[${next}] = ${converted(element, '')};`);
      });
    });
  }

  #putDown(own: string, at: string, into: Block): void {
    const { scalar } = HELD[this.#kernel.plan.factors];
    const spot = (next: number): string =>
      `tile_${this.#which}[${at}((${own}term + ${next}u) * ${this.#stride}u + ${own}other) / 4u]`;
    if (this.#termsOfLane === 1) {
      into.add(`${spot(0)} = ${own}x;`);
      return;
    }
    for (let next = 0; next < 4; next++) {
      const four = [0, 1, 2, 3].map((line) => `${own}x_${line}[${next}]`).join(', ');
      into.add(`${spot(next)} = vec4<${scalar}>(${four});`);
    }
  }

  #place(line: string, k: string): Affine {
    const { plan } = this.#kernel;
    const side = plan[this.#which];
    const [other, term] = [Affine.variable(line, side.extent), Affine.variable(k, plan.terms)];
    return sidePlace(side, plan, other, term);
  }

  /** Four elements side by side, lines or terms; undefined where the matrix does not have them so. */
  #vector(line: string, k: string): string | undefined {
    const { plan, expressions } = this.#kernel;
    const { value, termsFirst } = plan[this.#which];
    const along = termsFirst ? line : k;
    return expressions.vectorAt(value, this.#place(line, k), along, plan.members[0] as string);
  }
}
