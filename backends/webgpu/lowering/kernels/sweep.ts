import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { Kernel } from '../kernel.js';
import { groups, type KernelContext, openKernel } from './context.js';

/** Rows of attention: [batches, length, width], a head of a clip being a batch. */
export interface Rows {
  readonly batches: number;
  readonly length: number;
  readonly width: number;
}

/** A value [batches, length, width], by the name that its rows have in the kernel. */
export interface RowsOf {
  readonly name: string;
  readonly value: string;
  /** A number that each element is multiplied with. */
  readonly factor?: number;
}

/** What a kernel does that sweeps over rows: see `sweepKernel`. */
export interface Sweep {
  readonly label: string;
  /** The first result of the call. */
  readonly member: string;
  readonly rows: Rows;
  /** Of which each lane holds its own row: `<name>_0`, `<name>_1`, ... of four elements each. */
  readonly own: readonly RowsOf[];
  /** Of which all rows go through workgroup memory, a few at a time: see `SweepSource.dots`. */
  readonly swept: readonly RowsOf[];
  /** Before the first row; `line` is the lane's row. */
  begin(source: SweepSource): void;
  /** For four rows, from `other` on; `valid` is a vec4<bool> that tells which of them there are. */
  each(source: SweepSource, block: Block): void;
  /** After the last row, in the lanes that have a row. */
  end(source: SweepSource): void;
}

/** The kernel as it is written. */
export class SweepSource {
  readonly block: Block = new Block();
  readonly #kernel: ReturnType<typeof openKernel>;
  readonly #rows: Rows;
  readonly #member: string;

  constructor(context: KernelContext, { rows, member }: Sweep) {
    this.#kernel = openKernel(context);
    this.#rows = rows;
    this.#member = member;
  }

  get source(): ReturnType<typeof openKernel>['source'] {
    return this.#kernel.source;
  }

  /** Numbers of the fours of a row. */
  get fours(): readonly number[] {
    return Array.from({ length: Math.ceil(this.#rows.width / 4) }, (_, four) => four);
  }

  /** Declares accumulators `<name>_0`, ... of a row. */
  accumulators(name: string): void {
    for (const four of this.fours) this.block.add(`var ${name}_${four} = vec4<f32>();`);
  }

  /** The products of the lane's row with four swept rows. */
  dots(own: string, swept: string): string {
    const count = this.fours.length;
    const sums = [0, 1, 2, 3].map((row) =>
      this.fours
        .map((four) => `dot(${own}_${four}, tile_${swept}[tile + ${row * count + four}u])`)
        .join(' + '),
    );
    return `vec4<f32>(${sums.join(', ')})`;
  }

  /** Adds four swept rows, each times its element of `weights`, to accumulators. */
  addRows(name: string, weights: string, swept: string, block: Block): void {
    const count = this.fours.length;
    for (const four of this.fours) {
      const terms = [0, 1, 2, 3].map(
        (row) => `${weights}[${row}] * tile_${swept}[tile + ${row * count + four}u]`,
      );
      block.add(`${name}_${four} += ${terms.join(' + ')};`);
    }
  }

  /** Holds a row in `<name>_0`, ... */
  hold({ name, value, factor }: RowsOf, block: Block): void {
    for (const four of this.fours) {
      block.add(`let ${name}_x${four} = ${4 * four}u;`);
      const code = this.#four(value, 'line', `${name}_x${four}`, block);
      block.add(`let ${name}_${four} = ${code}${times(factor)};`);
    }
  }

  /** Brings the rows from `start` on into workgroup memory. */
  bring(swept: readonly RowsOf[], rows: number, lanes: number, block: Block): void {
    const count = this.fours.length;
    const inner = new Block(block);
    inner.add(
      `let row = start + e / ${count}u;`,
      `let x = e % ${count}u * 4u;`,
      `let is_row = row < ${this.#rows.length}u;`,
    );
    for (const { name, value, factor } of swept) {
      const four = new Block(inner);
      const code = this.#four(value, 'row', 'x', four);
      four.add(`tile_${name}[e] = ${code}${times(factor)};`);
      inner.add(`tile_${name}[e] = vec4<f32>();`);
      inner.nest('if (is_row) {', four);
    }
    block.nest(`for (var e = lane; e < ${rows * count}u; e += ${lanes}u) {`, inner);
  }

  /** Stores accumulators as the lane's row. */
  storeRow(member: string, name: string, factor = 1): void {
    for (let x = 0; x < this.#rows.width; x++) {
      const element = `${name}_${Math.floor(x / 4)}[${x % 4}]${times(factor)}`;
      const place = this.#place('line', Affine.constant(x));
      this.block.add(this.source.store(member, place, element));
    }
  }

  /** The place of a number a row in an array of such numbers: the `which`-th. */
  scalarPlace(line: string, which = 0): Affine {
    const { batches, length } = this.#rows;
    return Affine.constant(which * batches * length)
      .plus(Affine.variable('batch', batches).times(length))
      .plus(Affine.variable(line, length));
  }

  /** Four elements of a row from `x` on, which is a multiple of 4; beyond its end they are 0. */
  #four(value: string, line: string, x: string, block: Block): string {
    const { width } = this.#rows;
    const { expressions, source } = this.#kernel;
    const at = (column: string): Affine => this.#place(line, Affine.variable(column, width));
    const joined =
      width % 4 === 0 && width > 1
        ? expressions.vectorAt(value, at(x), x, this.#member)
        : undefined;
    if (joined !== undefined) return joined;
    const four = source.fresh('four');
    block.add(`var ${four} = vec4<f32>();`);
    for (let next = 0; next < 4; next++) {
      const column = source.fresh('x');
      const inner = new Block(block);
      inner.add(`let ${column} = ${x} + ${next}u;`);
      inner.add(`${four}[${next}] = ${expressions.at(value, at(column), inner, this.#member)};`);
      block.nest(width % 4 === 0 ? '{' : `if (${x} + ${next}u < ${width}u) {`, inner);
    }
    return four;
  }

  #place(line: string, column: Affine): Affine {
    const { batches, length, width } = this.#rows;
    return Affine.variable('batch', batches)
      .times(length * width)
      .plus(Affine.variable(line, length).times(width))
      .plus(column);
  }
}

/**
 * A kernel whose lanes hold a row each and sweep together over all rows of the same batch, which
 * pass through workgroup memory: of a matrix length x length, each lane makes and uses up one row,
 * four elements at a time.
 */
export function sweepKernel(sweep: Sweep, context: KernelContext): Kernel {
  const { own, swept, rows: sizes } = sweep;
  const { batches, length } = sizes;
  const { lanes, rows: most } = context.tiling.attention;
  const sweepSource = new SweepSource(context, sweep);
  const { block, source, fours } = sweepSource;
  const bytes = swept.length * 16 * fours.length;
  const fitting = Math.floor(context.limits.workgroupBytes / (4 * bytes)) * 4;
  const rows = Math.max(4, Math.min(most, fitting, 4 * Math.ceil(length / 4)));
  for (const { name } of swept)
    source.shared(`tile_${name}`, `array<vec4<f32>, ${rows * fours.length}>`);
  const tiles = Math.ceil(length / lanes);
  const { workgroups, code } = groups(batches * tiles, context.limits.workgroups);
  block.add(
    `let place = ${code};`,
    `if (place >= ${batches * tiles}u) { return; }`,
    `let batch = place / ${tiles}u;`,
    `let wanted = place % ${tiles}u * ${lanes}u + lane;`,
    // Lanes without a row of their own help to bring the others in.
    `let line = min(wanted, ${length - 1}u);`,
  );
  for (const row of own) sweepSource.hold(row, block);
  sweep.begin(sweepSource);
  const loop = new Block(block);
  sweepSource.bring(swept, rows, lanes, loop);
  loop.add('workgroupBarrier();');
  const each = new Block(loop);
  each.add(
    'let other = start + at;',
    `let tile = at * ${fours.length}u;`,
    `let valid = vec4<u32>(other, other + 1u, other + 2u, other + 3u) < vec4<u32>(${length}u);`,
  );
  sweep.each(sweepSource, each);
  loop.nest(`for (var at = 0u; at < ${rows}u && start + at < ${length}u; at += 4u) {`, each);
  loop.add('workgroupBarrier();');
  block.nest(`for (var start = 0u; start < ${length}u; start += ${rows}u) {`, loop);
  block.add(`if (wanted >= ${length}u) { return; }`);
  sweep.end(sweepSource);
  return source.finish({
    label: sweep.label,
    lines: block.lines,
    lanes,
    workgroups,
    work: 2 * batches * length * length * sizes.width * (own.length + 1),
  });
}

function times(factor = 1): string {
  return factor === 1 ? '' : ` * ${factorCode(factor)}`;
}

function factorCode(factor: number): string {
  const text = String(Math.fround(factor));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
