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
 * Brings a tile in: neighbours in memory by neighbouring lanes, by fours where the matrix has them
 * side by side.
 */
function loadTile(kernel: ProductKernel, which: 'a' | 'b', into: Block): TileLoads {
  const { plan, source, expressions, range } = kernel;
  const side: Side = plan[which];
  const { termsFirst } = side;
  const extent = plan.tile[which === 'a' ? 0 : 1];
  const { depth, lanes } = plan;
  const place = sidePlace(
    side,
    plan,
    Affine.variable('o', side.extent),
    Affine.variable('k', plan.terms),
  );
  const byFours = expressions.vectorAt(
    side.value,
    place,
    termsFirst ? 'o' : 'k',
    plan.members[0] as string,
  );
  const width = byFours === undefined ? 1 : 4;
  const { scalar, convert } = HELD[plan.factors];
  const inner = new Block(into, 'e');
  const fast = (termsFirst ? extent : depth) / width;
  const [quick, slow] = [`e % ${fast}u${width === 4 ? ' * 4u' : ''}`, `e / ${fast}u`];
  const start = which === 'a' ? 'tile_row' : 'tile_col';
  inner.add(
    `let term = ${termsFirst ? slow : quick};`,
    `let other = ${termsFirst ? quick : slow};`,
    'let k = start + term;',
    `let o = ${start} + other;`,
    `var x = ${width === 4 ? `vec4<${scalar}>` : scalar}();`,
  );
  const value = new Block(inner);
  const loaded = byFours ?? expressions.at(side.value, place, value, plan.members[0] as string);
  const helper = `${convert}${width === 4 ? '4' : ''}`;
  value.add(`x = ${convert === undefined ? loaded : `${source.helper(helper)}(${loaded})`};`);
  inner.nest(`if (k < ${range[1]} && o < ${side.extent}u) {`, value);
  const stride = tileStride(extent);
  const spot = (next: number): string =>
    `tile_${which}[((term + ${next}u) * ${stride}u + other) / 4u]`;
  if (width === 4 && termsFirst) inner.add(`${spot(0)} = x;`);
  else if (width === 4) {
    for (let next = 0; next < 4; next++) inner.add(`${spot(next)}[other % 4u] = x[${next}];`);
  } else inner.add(`${spot(0)}[other % 4u] = x;`);
  const count = (depth * extent) / width;
  into.nest(`for (var e = lane; e < ${count}u; e += ${lanes}u) {`, inner);

  const atOnce = width === 4 && termsFirst ? 4 : 1;
  const conflicts = bankConflicts(HELD[plan.factors].bytes * atOnce, (e) => {
    const [first, second] = [(e % fast) * width, Math.floor(e / fast)];
    const [term, other] = termsFirst ? [second, first] : [first, second];
    return HELD[plan.factors].bytes * (term * stride + other);
  });
  return { isScalar: width === 1, bankConflicts: conflicts };
}
