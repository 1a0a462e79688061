import { Affine } from '../affine.js';
import { Block } from '../block.js';
import { bankConflicts } from './bank-conflicts.js';
import { HELD } from './factors.js';
import {
  accumulator,
  addToTotals,
  columnOf,
  type ProductKernel,
  type Side,
  sidePlace,
  type TileLoads,
} from './product-plan.js';
import { tileStride } from './tiling.js';

/**
 * Sums through workgroup memory: the lanes bring `depth` terms of their tile of a and b there
 * together, then all sum from there. What one lane loads, all of its row or column read.
 *
 * @param sum Adds the statements that sum the terms of the tiles.
 */
export function throughTiles(kernel: ProductKernel, sum: (loop: Block) => void): TileLoads {
  const { plan, source, block, range } = kernel;
  const { tile, depth } = plan;
  const { scalar } = HELD[plan.factors];
  if (scalar === 'f16') source.enable('f16');
  const [strideA, strideB] = [tileStride(tile[0]), tileStride(tile[1])];
  source.shared('tile_a', `array<vec4<${scalar}>, ${(depth * strideA) / 4}>`);
  source.shared('tile_b', `array<vec4<${scalar}>, ${(depth * strideB) / 4}>`);
  const loop = new Block(block, 'start');
  const loads = [loadTile(kernel, 'a', loop), loadTile(kernel, 'b', loop)];
  loop.add('workgroupBarrier();');
  sum(loop);
  loop.add('workgroupBarrier();');
  block.nest(`for (var start = ${range[0]}; start < ${range[1]}; start += ${depth}u) {`, loop);
  return {
    isScalar: loads.some(({ isScalar }) => isScalar),
    bankConflicts: Math.max(...loads.map((side) => side.bankConflicts)),
  };
}

/** Each lane sums the terms of its block in registers. */
export function tiledTerms(kernel: ProductKernel): TileLoads {
  const { tile, depth, factors, tiling } = kernel.plan;
  const [down, across] = tiling.registers;
  const [strideA, strideB] = [tileStride(tile[0]), tileStride(tile[1])];
  const read = (code: string): string =>
    HELD[factors].scalar === 'f16' ? `vec4<f32>(${code})` : code;
  return throughTiles(kernel, (loop) => {
    const terms = new Block(loop, 'term');
    terms.add(`let a_at = (term * ${strideA}u + lane_row) / 4u;`);
    terms.add(`let b_at = (term * ${strideB}u + lane_col) / 4u;`);
    for (let j = 0; j < across / 4; j++) {
      const next = columnOf(tiling, j) / 4;
      terms.add(`let b_${j} = ${read(`tile_b[b_at + ${next}u]`)};`);
    }
    for (let i = 0; i < down; i++) {
      if (i % 4 === 0) terms.add(`let a_${i / 4} = ${read(`tile_a[a_at + ${i / 4}u]`)};`);
      const factor = `a_${Math.floor(i / 4)}[${i % 4}]`;
      for (let j = 0; j < across / 4; j++) terms.add(`${accumulator(i, j)} += ${factor} * b_${j};`);
    }
    terms.add(...addToTotals(kernel.plan));
    loop.nest(`for (var term = 0u; term < ${depth}u; term++) {`, terms);
  });
}

/**
 * Brings a tile in: neighbours in memory by neighbouring lanes, by fours where the matrix has them side by side. A four
 * of the tile is written whole, by one lane: WGSL lets a device that is given one component of a vector write
 * all of it, and what another lane had put beside would be lost.
 */
function loadTile(kernel: ProductKernel, which: 'a' | 'b', into: Block): TileLoads {
  const { plan, source, expressions, range } = kernel;
  const side: Side = plan[which];
  const { termsFirst } = side;
  const { depth, lanes } = plan;
  const member = plan.members[0] as string;
  const extent = plan.tile[which === 'a' ? 0 : 1];
  const { scalar, bytes, convert } = HELD[plan.factors];
  const place = (line: string): Affine =>
    sidePlace(side, plan, Affine.variable(line, side.extent), Affine.variable('k', plan.terms));
  const vector = (line: string): string | undefined =>
    expressions.vectorAt(side.value, place(line), termsFirst ? line : 'k', member);
  const byFours = vector('o') !== undefined;
  const converted = (code: string, width: '' | '4'): string =>
    convert === undefined ? code : `${source.helper(`${convert}${width}`)}(${code})`;

  // A lane has four lines, and one term of each; or four terms, where those lie side by side.
  const termsOfLane = byFours && !termsFirst ? 4 : 1;
  const fast = termsFirst ? extent / 4 : depth / termsOfLane;
  const [quick, slow] = [`e % ${fast}u`, `e / ${fast}u`];
  const inner = new Block(into, 'e');
  inner.add(
    `let term = ${termsFirst ? slow : quick}${termsOfLane === 4 ? ' * 4u' : ''};`,
    `let other = ${termsFirst ? quick : slow} * 4u;`,
    'let k = start + term;',
    `let o = ${which === 'a' ? 'tile_row' : 'tile_col'} + other;`,
  );
  /** Reads what there is at the line, below the edges of the matrix. */
  const read = (line: string, write: (block: Block) => void): void => {
    const value = new Block(inner);
    write(value);
    inner.nest(`if (k < ${range[1]} && ${line} < ${side.extent}u) {`, value);
  };
  const spot = (next: number): string =>
    `tile_${which}[((term + ${next}u) * ${tileStride(extent)}u + other) / 4u]`;
  const lines = [0, 1, 2, 3].map((next) => `o_${next}`);
  if (byFours && termsFirst) {
    inner.add(`var x = vec4<${scalar}>();`);
    read('o', (value) => value.add(`x = ${converted(vector('o') as string, '4')};`));
    inner.add(`${spot(0)} = x;`);
  } else {
    lines.forEach((line, next) => {
      inner.add(`let ${line} = o + ${next}u;`);
    });
    if (byFours) {
      lines.forEach((line, next) => {
        inner.add(`var x_${next} = vec4<${scalar}>();`);
        read(line, (value) => value.add(`x_${next} = ${converted(vector(line) as string, '4')};`));
      });
      for (let next = 0; next < 4; next++) {
        const four = lines.map((_, line) => `x_${line}[${next}]`).join(', ');
        inner.add(`${spot(next)} = vec4<${scalar}>(${four});`);
      }
    } else {
      inner.add(`var x = vec4<${scalar}>();`);
      lines.forEach((line, next) => {
        read(line, (value) => {
          const element = expressions.at(side.value, place(line), value, member);
          value.add(`x[${next}] = ${converted(element, '')};`);
        });
      });
      inner.add(`${spot(0)} = x;`);
    }
  }
  const count = (depth * extent) / 4 / termsOfLane;
  into.nest(`for (var e = lane; e < ${count}u; e += ${lanes}u) {`, inner);

  const conflicts = bankConflicts(4 * bytes, (e) => {
    const [first, second] = [e % fast, Math.floor(e / fast)];
    const [term, four] = termsFirst ? [second, first] : [first * termsOfLane, second];
    return bytes * (term * tileStride(extent) + 4 * four);
  });
  return { isScalar: !byFours, bankConflicts: conflicts };
}
