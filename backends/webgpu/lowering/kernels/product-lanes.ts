import { sumDirectly } from './product-direct.js';
import {
  accumulator,
  columnOf,
  lineTotals,
  type ProductKernel,
  type TileLoads,
} from './product-plan.js';
import { tiledTerms } from './product-tiled.js';

/** Each lane of a workgroup sums a block of the result in registers, and stores it. */
export function sumByLanes(kernel: ProductKernel): TileLoads {
  const { plan, block, put, putSums } = kernel;
  const { tiling, a, terms } = plan;
  if (tiling.memory === 'direct') return sumDirectly(kernel);
  const [down, across] = tiling.registers;
  const fours = across / 4;
  block.add(
    `let lane_row = lane / ${tiling.lanes[1]}u * ${down}u;`,
    `let lane_col = lane % ${tiling.lanes[1]}u * 4u;`,
    'let row = tile_row + lane_row;',
    'let col = tile_col + lane_col;',
  );
  const names = Array.from({ length: down * fours }, (_, at) =>
    accumulator(Math.floor(at / fours), at % fours),
  );
  const totals = lineTotals(plan);
  block.add(...[...names, ...totals].map((name) => `var ${name} = vec4<f32>();`));
  const loads = terms > 0 ? tiledTerms(kernel) : { isScalar: false, bankConflicts: 1 };
  if (totals.length > 0) {
    const stores = totals.map((name, four) => putSums(`row + ${4 * four}u`, name));
    block.add(`if (tile_x == 0u && lane_col == 0u) { ${stores.join(' ')} }`);
  }
  block.add(
    `var c = array<vec4<f32>, ${names.length}>(${names.join(', ')});`,
    `for (var i = 0u; i < ${down}u; i++) {`,
    `  if (row + i >= ${a.extent}u) { break; }`,
  );
  // Rows in a loop, columns written out: an index that is known costs nothing.
  for (let j = 0; j < fours; j++) {
    block.add(`  ${put('row + i', `col + ${columnOf(tiling, j)}u`, `c[i * ${fours}u + ${j}u]`)}`);
  }
  block.add('}');
  return loads;
}
