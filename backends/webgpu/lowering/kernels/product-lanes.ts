import { directTerms } from './product-direct.js';
import { accumulator, type ProductKernel } from './product-plan.js';
import { tiledTerms } from './product-tiled.js';

/** Each lane of a workgroup sums a block of the result in registers, and stores it. */
export function sumByLanes(kernel: ProductKernel): void {
  const { plan, block, put } = kernel;
  const { tiling, a, terms } = plan;
  const [down, across] = tiling.registers;
  block.add(
    `let lane_row = lane / ${tiling.lanes[1]}u * ${down}u;`,
    `let lane_col = lane % ${tiling.lanes[1]}u * ${across}u;`,
    'let row = tile_row + lane_row;',
    'let col = tile_col + lane_col;',
  );
  const names = Array.from({ length: (down * across) / 4 }, (_, at) =>
    accumulator(Math.floor(at / (across / 4)), at % (across / 4)),
  );
  block.add(...names.map((name) => `var ${name} = vec4<f32>();`));
  const sum = tiling.memory === 'workgroup' ? tiledTerms : directTerms;
  if (terms > 0) sum(kernel);
  const four = across / 4;
  block.add(
    `var c = array<vec4<f32>, ${names.length}>(${names.join(', ')});`,
    `for (var i = 0u; i < ${down}u; i++) {`,
    `  if (row + i >= ${a.extent}u) { break; }`,
  );
  if (tiling.memory === 'direct') {
    // What is written out is compiled for each element, which in software takes longer than small products.
    block.add(
      `  for (var j = 0u; j < ${across}u; j++) {`,
      `    ${put('row + i', 'col + j', `c[i * ${four}u + j / 4u][j % 4u]`)}`,
      '  }',
    );
  } else {
    // Rows in a loop, columns written out: an index into a vector that is known costs nothing.
    for (let j = 0; j < across; j++) {
      if (j % 4 === 0) block.add(`  let d_${j / 4} = c[i * ${four}u + ${j / 4}u];`);
      block.add(`  ${put('row + i', `col + ${j}u`, `d_${Math.floor(j / 4)}[${j % 4}]`)}`);
    }
  }
  block.add('}');
}
