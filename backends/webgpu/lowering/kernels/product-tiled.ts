import { Block } from '../block.js';
import { HELD } from './factors.js';
import {
  accumulator,
  addToTotals,
  columnOf,
  type ProductKernel,
  type TileLoads,
} from './product-plan.js';
import { TileLoad } from './tile-load.js';

/** Where the tiles of a and b that are to be summed begin in `tile_a` and `tile_b`, counted by fours: what is added to an index. */
export interface TileStarts {
  readonly a: string;
  readonly b: string;
}

/**
 * Sums through workgroup memory: the lanes bring `depth` terms of their tile of a and b there
 * together, then all sum from there. What one lane loads, all of its row or column read.
 *
 * In one stage they bring a tile, meet, sum it, and meet again before the next one takes its place. In two stages memory
 * holds two tiles: the lanes ask for the next one, sum this one while it is on its way, put the next one beside it and
 * meet, once.
 *
 * @param sum Adds the statements that sum the terms of the tiles.
 */
export function throughTiles(
  kernel: ProductKernel,
  sum: (loop: Block, starts: TileStarts) => void,
): TileLoads {
  const { plan, source } = kernel;
  const { scalar } = HELD[plan.factors];
  if (scalar === 'f16') source.enable('f16');
  const [a, b] = [new TileLoad(kernel, 'a'), new TileLoad(kernel, 'b')];
  source.shared('tile_a', `array<vec4<${scalar}>, ${plan.stages * a.fours}>`);
  source.shared('tile_b', `array<vec4<${scalar}>, ${plan.stages * b.fours}>`);
  if (plan.stages === 1) inOneStage(kernel, [a, b], sum);
  else inTwoStages(kernel, [a, b], sum);
  return {
    isScalar: a.facts.isScalar || b.facts.isScalar,
    bankConflicts: Math.max(a.facts.bankConflicts, b.facts.bankConflicts),
  };
}

type Sum = Parameters<typeof throughTiles>[1];
type Sides = readonly [TileLoad, TileLoad];

function inOneStage({ plan, block, range }: ProductKernel, [a, b]: Sides, sum: Sum): void {
  const loop = new Block(block, 'start');
  a.bring('start', loop);
  b.bring('start', loop);
  loop.add('workgroupBarrier();');
  sum(loop, { a: '', b: '' });
  loop.add('workgroupBarrier();');
  block.nest(`for (var start = ${range[0]}; start < ${range[1]}; start += ${plan.depth}u) {`, loop);
}

/** `stage` is the tile that is summed, 0 or 1: while lanes sum it, none writes it, and the other one is read by none. */
function inTwoStages({ plan, block, range }: ProductKernel, [a, b]: Sides, sum: Sum): void {
  const loop = new Block(block, 'start');
  a.fetch('start', loop);
  b.fetch('start', loop);
  const tile = new Block(loop);
  sum(tile, { a: `stage * ${a.fours}u + `, b: `stage * ${b.fours}u + ` });
  // The first tile has none before it, and beyond the last nothing is fetched.
  loop.nest(`if (start > ${range[0]}) {`, tile);
  loop.add(`if (start >= ${range[1]}) { break; }`, 'stage = 1u - stage;');
  a.putDown(`stage * ${a.fours}u`, loop);
  b.putDown(`stage * ${b.fours}u`, loop);
  loop.add('workgroupBarrier();');
  block.add('var stage = 1u;');
  block.nest(`for (var start = ${range[0]}; ; start += ${plan.depth}u) {`, loop);
}

/** Each lane sums the terms of its block in registers. */
export function tiledTerms(kernel: ProductKernel): TileLoads {
  const { strides, depth, factors, tiling } = kernel.plan;
  const [down, across] = tiling.registers;
  const [strideA, strideB] = strides;
  const read = (code: string): string =>
    HELD[factors].scalar === 'f16' ? `vec4<f32>(${code})` : code;
  return throughTiles(kernel, (loop, starts) => {
    const terms = new Block(loop, 'term');
    terms.add(`let a_at = ${starts.a}(term * ${strideA}u + lane_row) / 4u;`);
    terms.add(`let b_at = ${starts.b}(term * ${strideB}u + lane_col) / 4u;`);
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
