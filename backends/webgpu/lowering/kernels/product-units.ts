import { Block } from '../block.js';
import type { ProductKernel, TileLoads } from './product-plan.js';
import { throughTiles } from './product-tiled.js';
import { tileStride } from './tiling.js';
import type { UnitPlan } from './unit-plan.js';

/**
 * Each subgroup multiplies matrices of f16 with the device's own units and adds them up in f32. What
 * it has at the end passes through workgroup memory, a matrix at a time: only there can a lane read
 * an element. A tile of a lies term by term, as columns; one of b as rows.
 */
export function sumByUnits(kernel: ProductKernel, units: UnitPlan): TileLoads {
  const { plan, source, block, put } = kernel;
  const { unit, subgroups, matrices, depth } = units;
  const { rows, columns } = unit;
  const [down, across] = matrices;
  const size = rows * columns;
  source.enable('chromium_experimental_subgroup_matrix');
  source.enable('subgroups');
  source.shared('results', `array<f32, ${subgroups[0] * subgroups[1] * size}>`);
  const left = `subgroup_matrix_left<f16, ${unit.depth}, ${rows}>`;
  const right = `subgroup_matrix_right<f16, ${columns}, ${unit.depth}>`;
  block.add(
    `let unit_row = subgroup_id / ${subgroups[1]}u * ${down * rows}u;`,
    `let unit_col = subgroup_id % ${subgroups[1]}u * ${across * columns}u;`,
  );
  const each = pairs(down, across);
  const sum = (i: number, j: number): string => `c_${i}_${j}`;
  const zero = `subgroup_matrix_result<f32, ${columns}, ${rows}>()`;
  block.add(...each.map(([i, j]) => `var ${sum(i, j)} = ${zero};`));

  /** Where a matrix of a tile begins, and from there to its next line: counted by fours. */
  const load = (type: string, tile: string, order: string, extent: number, at: string): string =>
    `subgroupMatrixLoad<${type}, ${order}>(&${tile}, (term * ${tileStride(extent)}u + ${at}) / 4u, ${tileStride(extent) / 4}u)`;
  const loads = throughTiles(kernel, (loop) => {
    const terms = new Block(loop, 'term');
    for (let j = 0; j < across; j++) {
      const at = `unit_col + ${j * columns}u`;
      terms.add(`let b_${j} = ${load(right, 'tile_b', 'row_major', plan.tile[1], at)};`);
    }
    for (let i = 0; i < down; i++) {
      const at = `unit_row + ${i * rows}u`;
      terms.add(`let a_${i} = ${load(left, 'tile_a', 'col_major', plan.tile[0], at)};`);
      for (let j = 0; j < across; j++) {
        const product = `subgroupMatrixMultiplyAccumulate(a_${i}, b_${j}, ${sum(i, j)})`;
        terms.add(`${sum(i, j)} = ${product};`);
      }
    }
    loop.nest(`for (var term = 0u; term < ${depth}u; term += ${unit.depth}u) {`, terms);
  });

  block.add(`let results_at = subgroup_id * ${size}u;`);
  for (const [i, j] of each) {
    block.add(
      `subgroupMatrixStore<row_major>(&results, results_at, ${sum(i, j)}, ${columns}u);`,
      'workgroupBarrier();',
      `for (var e = 4u * subgroup_lane; e < ${size}u; e += 4u * subgroup_size) {`,
      `  let row = tile_row + unit_row + ${i * rows}u + e / ${columns}u;`,
      `  let col = tile_col + unit_col + ${j * columns}u + e % ${columns}u;`,
      '  let at = results_at + e;',
      '  let four = vec4<f32>(results[at], results[at + 1u], results[at + 2u], results[at + 3u]);',
      `  if (row < ${plan.a.extent}u) { ${put('row', 'col', 'four')} }`,
      '}',
      'workgroupBarrier();',
    );
  }
  return loads;
}

function pairs(down: number, across: number): readonly (readonly [number, number])[] {
  return Array.from({ length: down * across }, (_, at) => [Math.floor(at / across), at % across]);
}
