import { Affine } from '../affine.js';
import { Block } from '../block.js';
import { type ProductKernel, type Side, sidePlace, type TileLoads } from './product-plan.js';

/**
 * Each lane sums a block of the result straight from memory, without a barrier: a GPU in software parks and wakes
 * every invocation at each, and has caches anyway. Lanes beyond the edge read the last line again.
 *
 * Such a GPU carries out a statement for four lanes side by side, a quad, by vector instructions of the processor. What costs
 * there is loads: each looks at its bounds and then fetches lane by lane, by as many instructions as 20 sums. So the lanes of
 * a quad, which need the same rows of a, fetch a row each and hand it round. The loop is short and not unrolled,
 * since the processor must keep its instructions in its nearest cache.
 */
export function sumDirectly(kernel: ProductKernel): TileLoads {
  const { plan, block, range, put } = kernel;
  const { lanes, registers } = plan.tiling;
  const [down, across] = registers;
  block.add(
    `let row = tile_row + lane / ${lanes[1]}u * ${down}u;`,
    `let col = tile_col + lane % ${lanes[1]}u * ${across}u;`,
  );
  const sum = (i: number, j: number): string => `c_${i}_${j}`;
  const rows = Array.from({ length: down }, (_, i) => i);
  const columns = Array.from({ length: across }, (_, j) => j);
  block.add(...rows.flatMap((i) => columns.map((j) => `var ${sum(i, j)} = 0.0f;`)));
  const loop = new Block(block, 'k');
  const b = columnsOfB(kernel, loop);
  const a = rowsOfA(kernel, loop);
  for (const i of rows) {
    const factor = a.element(i);
    for (const j of columns) loop.add(`${sum(i, j)} += ${factor} * ${b.element(j)};`);
  }
  if (plan.terms > 0) block.nest(`for (var k = ${range[0]}; k < ${range[1]}; k++) {`, loop);
  a.storeTotals();
  const fours = rows.flatMap((i) =>
    columns.filter((j) => j % 4 === 0).map((j) => four([0, 1, 2, 3].map((n) => sum(i, j + n)))),
  );
  // What is written out is compiled each time, which in software takes longer than small products.
  block.add(
    `var c = array<vec4<f32>, ${fours.length}>(${fours.join(', ')});`,
    `for (var i = 0u; i < ${down}u; i++) {`,
    `  if (row + i >= ${plan.a.extent}u) { break; }`,
    `  for (var j = 0u; j < ${across / 4}u; j++) {`,
    `    ${put('row + i', 'col + 4u * j', `c[i * ${across / 4}u + j]`)}`,
    '  }',
    '}',
  );
  return { isScalar: true, bankConflicts: 1 };
}

/** Term `k` of a lane's columns of b: by fours where four lie side by side. */
function columnsOfB(
  kernel: ProductKernel,
  loop: Block,
): { readonly element: (column: number) => string } {
  const { plan, source, expressions, block } = kernel;
  const { b: side, members, factors, tiling } = plan;
  const across = tiling.registers[1];
  const vector = (name: string): string | undefined =>
    side.termsFirst
      ? expressions.vectorAt(side.value, placeOf(kernel, side, name), name, members[0] as string)
      : undefined;
  const isJoined = vector('first') !== undefined;
  for (let j = 0; j < across; j += isJoined ? 4 : 1) {
    const last = side.extent - (isJoined ? 4 : 1);
    block.add(`let col_${j} = min(col + ${j}u, ${last}u);`);
    const code = isJoined
      ? (vector(`col_${j}`) as string)
      : element(kernel, side, `col_${j}`, loop);
    const helper = isJoined ? 'quantized4' : 'quantized';
    loop.add(`let b_${j} = ${factors === 'f32' ? code : `${source.helper(helper)}(${code})`};`);
  }
  return { element: (j) => (isJoined ? `b_${j - (j % 4)}[${j % 4}]` : `b_${j}`) };
}

/**
 * Term `k` of a lane's rows of a: each read by the lane itself or, where there are quads, by one lane of four. That four lanes of
 * a quad are four of the block in order, by `subgroup_lane` and by `lane` alike, WGSL does not promise: the adapters that take
 * this way, SwiftShader and lavapipe, do so.
 */
function rowsOfA(
  kernel: ProductKernel,
  loop: Block,
): { readonly element: (row: number) => string; readonly storeTotals: () => void } {
  const { plan, source, block, putSums } = kernel;
  const { a: side, quads, factors, columnSums, tiling } = plan;
  if (quads) source.enable('subgroups');
  const own = quads ? ' + subgroup_lane % 4u' : '';
  for (let i = 0; i < tiling.registers[0]; i += quads ? 4 : 1) {
    block.add(`let row_${i} = min(row + ${i}u${own}, ${side.extent - 1}u);`);
    const code = element(kernel, side, `row_${i}`, loop);
    loop.add(
      `let a_${i} = ${factors === 'f32' ? code : `${source.helper('quantized')}(${code})`};`,
    );
    if (columnSums === undefined) continue;
    // Only the first column of tiles stores them. The others add them, too: one addition beside all products of a row that is
    // read, where a condition would be a branch in each term.
    block.add(`var s_${i} = 0.0f;`);
    loop.add(`s_${i} += a_${i};`);
  }
  /** What the lane of row i has under a name. */
  const handed = (name: string, i: number): string =>
    quads ? `quadBroadcast(${name}_${i - (i % 4)}, ${i % 4}u)` : `${name}_${i}`;
  return {
    element: (i) => {
      loop.add(`let f_${i} = ${handed('a', i)};`);
      return `f_${i}`;
    },
    storeTotals: () => {
      if (columnSums === undefined) return;
      const firsts = Array.from({ length: tiling.registers[0] / 4 }, (_, at) => 4 * at);
      for (const i of firsts) {
        block.add(`let total_${i} = ${four([0, 1, 2, 3].map((n) => handed('s', i + n)))};`);
      }
      const stores = firsts.map((i) => putSums(`row + ${i}u`, `total_${i}`));
      block.add(`if (col == 0u) { ${stores.join(' ')} }`);
    },
  };
}

/** Term `k` of one row of a or column of b, as it is; where it starts is computed before the loop. */
function element(kernel: ProductKernel, side: Side, line: string, loop: Block): string {
  const place = placeOf(kernel, side, line);
  return kernel.expressions.strided(side.value, place, 'k', loop, kernel.plan.members[0] as string);
}

function placeOf({ plan }: ProductKernel, side: Side, line: string): Affine {
  return sidePlace(
    side,
    plan,
    Affine.variable(line, side.extent),
    Affine.variable('k', plan.terms),
  );
}

function four(parts: readonly string[]): string {
  return `vec4<f32>(${parts.join(', ')})`;
}
