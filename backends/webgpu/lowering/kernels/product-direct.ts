import { Affine } from '../affine.js';
import { Block } from '../block.js';
import { accumulator, type ProductKernel, type Side, sidePlace } from './product-plan.js';

/**
 * Sums straight from memory, without a barrier: a GPU in software parks and wakes every invocation
 * at each, and has caches anyway. Lanes beyond the edge read the last line again.
 */
export function directTerms(kernel: ProductKernel): void {
  const { plan, block, range } = kernel;
  const [down, across] = plan.tiling.registers;
  const loop = new Block(block, 'k');
  const a = Array.from({ length: down }, (_, i) => line(kernel, plan.a, 'row', i));
  const fours = fourColumns(kernel);
  const b = Array.from({ length: across / 4 }, (_, j) => {
    if (fours !== undefined) return fours(j);
    const four = Array.from({ length: 4 }, (_, next) => line(kernel, plan.b, 'col', 4 * j + next));
    return () => `vec4<f32>(${four.map((element) => element(loop)).join(', ')})`;
  });
  b.forEach((load, j) => {
    loop.add(`let b_${j} = ${load(loop)};`);
  });
  a.forEach((load, i) => {
    loop.add(`let a_${i} = ${load(loop)};`);
    for (let j = 0; j < across / 4; j++) loop.add(`${accumulator(i, j)} += a_${i} * b_${j};`);
  });
  block.nest(`for (var k = ${range[0]}; k < ${range[1]}; k++) {`, loop);
}

type Load = (block: Block) => string;

/** Term `k` of one row of a or column of b; where it starts is computed before the loop. */
function line(kernel: ProductKernel, side: Side, first: 'row' | 'col', next: number): Load {
  const { plan, expressions, block } = kernel;
  const name = `${first}_${next}`;
  block.add(`let ${name} = min(${first} + ${next}u, ${side.extent - 1}u);`);
  const place = sidePlace(
    side,
    plan,
    Affine.variable(name, side.extent),
    Affine.variable('k', plan.terms),
  );
  return (into) => expressions.strided(side.value, place, 'k', into, plan.member);
}

/** Four columns of b that lie side by side, as one load, where they do. */
function fourColumns(kernel: ProductKernel): ((j: number) => Load) | undefined {
  const { plan, expressions, block } = kernel;
  const { b } = plan;
  const at = (name: string): Affine =>
    sidePlace(b, plan, Affine.variable(name, b.extent), Affine.variable('k', plan.terms));
  if (!b.termsFirst) return undefined;
  if (expressions.vectorAt(b.value, at('four_0'), 'four_0', plan.member) === undefined) {
    return undefined;
  }
  return (j) => {
    const name = `four_${j}`;
    block.add(`let ${name} = min(col + ${4 * j}u, ${b.extent - 4}u);`);
    return () => expressions.vectorAt(b.value, at(name), name, plan.member) as string;
  };
}
