import { Block } from '../block.js';
import { HELD } from './factors.js';
import type { ProductKernel, TileLoads } from './product-plan.js';
import { throughTiles } from './product-tiled.js';
import { tileStride } from './tiling.js';
import { resultTile, type UnitPlan } from './unit-plan.js';

/**
 * Each subgroup multiplies matrices with the device's own units and adds them up in f32. A tile of a lies term by term, as
 * columns; one of b as rows. Subgroups may be smaller than planned for and so more: those beyond the plan help to
 * bring tiles and to store results, and multiply nothing.
 */
export function sumByUnits(kernel: ProductKernel, units: UnitPlan): TileLoads {
  const { plan, source, block } = kernel;
  const { unit, subgroups, matrices, depth } = units;
  const { component, rows, columns } = unit;
  const [down, across] = matrices;
  source.enable('chromium_experimental_subgroup_matrix');
  source.enable('subgroups');
  const left = `subgroup_matrix_left<${component}, ${unit.depth}, ${rows}>`;
  const right = `subgroup_matrix_right<${component}, ${columns}, ${unit.depth}>`;
  block.add(
    `let unit_row = subgroup_id / ${subgroups[1]}u * ${down * rows}u;`,
    `let unit_col = subgroup_id % ${subgroups[1]}u * ${across * columns}u;`,
  );
  const zero = `subgroup_matrix_result<f32, ${columns}, ${rows}>()`;
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < across; j++) block.add(`var ${sumOf(i, j)} = ${zero};`);
  }
  const totals = unitTotals(kernel);
  block.add(...totals.map(({ name }) => `var ${name} = vec4<f32>();`));

  /** Where a matrix of a tile begins, and from there to its next line: counted by fours. */
  const load = (type: string, tile: string, order: string, stride: number, at: string): string =>
    `subgroupMatrixLoad<${type}, ${order}>(&${tile}, (term * ${stride}u + ${at}) / 4u, ${stride / 4}u)`;
  const loads = throughTiles(kernel, (loop) => {
    const terms = new Block(loop, 'term');
    for (let j = 0; j < across; j++) {
      const at = `unit_col + ${j * columns}u`;
      terms.add(`let b_${j} = ${load(right, 'tile_b', 'row_major', plan.strides[1], at)};`);
    }
    for (let i = 0; i < down; i++) {
      const at = `unit_row + ${i * rows}u`;
      terms.add(`let a_${i} = ${load(left, 'tile_a', 'col_major', plan.strides[0], at)};`);
      for (let j = 0; j < across; j++) {
        const product = `subgroupMatrixMultiplyAccumulate(a_${i}, b_${j}, ${sumOf(i, j)})`;
        terms.add(`${sumOf(i, j)} = ${product};`);
      }
    }
    const own = new Block(loop);
    own.nest(`for (var term = 0u; term < ${depth}u; term += ${unit.depth}u) {`, terms);
    loop.nest(planned(units), own);
    for (const { name, four, holds } of totals) {
      const at = `tile_a[term * ${plan.strides[0] / 4}u + ${four}]`;
      loop.add(
        `if (${holds}) { for (var term = 0u; term < ${depth}u; term++) { ${name} += ${at}; } }`,
      );
    }
  });
  storeResults(kernel, units);
  for (const { name, four, holds } of totals) {
    block.add(`if (${holds}) { ${kernel.putSums(`tile_row + 4u * (${four})`, name)} }`);
  }
  return loads;
}

/** The matrix of sums of a subgroup. */
function sumOf(row: number, column: number): string {
  return `c_${row}_${column}`;
}

/** The condition of what the planned subgroups do alone; no barrier may stand below it. */
function planned({ subgroups }: UnitPlan): string {
  return `if (subgroup_id < ${subgroups[0] * subgroups[1]}u) {`;
}

/**
 * Hands the sums to the lanes through workgroup memory, a strip of matrices at a time: only there can a lane read an
 * element. All lanes store them, whole rows side by side, whichever subgroup they are of.
 */
function storeResults({ plan, source, block, put }: ProductKernel, units: UnitPlan): void {
  const { unit, subgroups, matrices, strip } = units;
  const { rows, columns } = unit;
  const [down, across] = matrices;
  const [height, width] = resultTile(units);
  const stride = tileStride(width);
  const own = strip * columns;
  source.shared('results', `array<vec4<f32>, ${(height * stride) / 4}>`);
  const [line, column] = [`subgroup_id / ${subgroups[1]}u`, `subgroup_id % ${subgroups[1]}u`];
  block.add(`let results_at = (${line} * ${rows * stride}u + ${column} * ${own}u) / 4u;`);
  for (let i = 0; i < down; i++) {
    for (let first = 0; first < across; first += strip) {
      // What was handed over before is read by then.
      if (i > 0 || first > 0) block.add('workgroupBarrier();');
      const stores = new Block(block);
      for (let j = 0; j < strip; j++) {
        const at = `results_at + ${(j * columns) / 4}u`;
        const sum = sumOf(i, first + j);
        stores.add(`subgroupMatrixStore<row_major>(&results, ${at}, ${sum}, ${stride / 4}u);`);
      }
      block.nest(planned(units), stores);
      block.add(
        'workgroupBarrier();',
        `for (var e = lane; e < ${(height * width) / 4}u; e += ${plan.lanes}u) {`,
        `  let y = e / ${width / 4}u;`,
        `  let x = e % ${width / 4}u * 4u;`,
        `  let row = tile_row + y / ${rows}u * ${down * rows}u + y % ${rows}u + ${i * rows}u;`,
        `  let col = tile_col + x / ${own}u * ${across * columns}u + x % ${own}u + ${first * columns}u;`,
        `  let four = results[(y * ${stride}u + x) / 4u];`,
        `  if (row < ${plan.a.extent}u) { ${put('row', 'col', 'four')} }`,
        '}',
      );
    }
  }
}

/** Sums of lines of a that a lane adds up, four side by side: `four` counts those before them in the tile, by fours. */
interface LineTotal {
  readonly name: string;
  readonly four: string;
  /** Whether the lane has such lines: the first column of tiles meets every term of a once. */
  readonly holds: string;
}

/** What lanes sum of a's lines from its tile, where the kernel makes those sums too; factors are exact then. */
function unitTotals({ plan }: ProductKernel): readonly LineTotal[] {
  if (plan.columnSums === undefined || HELD[plan.factors].scalar !== 'f32') return [];
  const fours = plan.tile[0] / 4;
  return Array.from({ length: Math.ceil(fours / plan.lanes) }, (_, turn): LineTotal => {
    const four = `lane + ${turn * plan.lanes}u`;
    return { name: `s_${turn}`, four, holds: `tile_x == 0u && ${four} < ${fours}u` };
  });
}
