import { Affine } from '../affine.js';
import { Block } from '../block.js';
import {
  accumulator,
  addToTotals,
  type ProductKernel,
  type Side,
  sidePlace,
  type TileLoads,
} from './product-plan.js';

/**
 * Sums straight from memory, without a barrier: a GPU in software parks and wakes every invocation
 * at each, and has caches anyway. Lanes beyond the edge read the last line again.
 */
export function directTerms(kernel: ProductKernel): TileLoads {
  const { plan, block, range } = kernel;
  const [down, across] = plan.tiling.registers;
  const loop = new Block(block, 'k');
  const a = fours(kernel, 'a', down / 4);
  const b = fours(kernel, 'b', across / 4);
  b.loads.forEach((load, j) => {
    loop.add(`let b_${j} = ${load(loop)};`);
  });
  a.loads.forEach((load, four) => {
    loop.add(`let a_${four} = ${load(loop)};`);
    for (let i = 4 * four; i < 4 * four + 4; i++) {
      const factor = `a_${four}[${i % 4}]`;
      for (let j = 0; j < across / 4; j++) loop.add(`${accumulator(i, j)} += ${factor} * b_${j};`);
    }
  });
  loop.add(...addToTotals(plan));
  block.nest(`for (var k = ${range[0]}; k < ${range[1]}; k++) {`, loop);
  return { isScalar: !a.joined || !b.joined, bankConflicts: 1 };
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
  return (into) => expressions.strided(side.value, place, 'k', into, plan.members[0] as string);
}

/** Term `k` of rows of a or columns of b, by fours: one load where four lie side by side. */
function fours(
  kernel: ProductKernel,
  which: 'a' | 'b',
  count: number,
): { readonly loads: readonly Load[]; readonly joined: boolean } {
  const { plan, source, expressions, block } = kernel;
  const side = plan[which];
  const first = which === 'a' ? 'row' : 'col';
  const at = (name: string): Affine =>
    sidePlace(side, plan, Affine.variable(name, side.extent), Affine.variable('k', plan.terms));
  const vector = (name: string): string | undefined =>
    side.termsFirst
      ? expressions.vectorAt(side.value, at(name), name, plan.members[0] as string)
      : undefined;
  const joined = vector('first') !== undefined;
  const converted = (code: string): string =>
    plan.factors === 'f32' ? code : `${source.helper('quantized4')}(${code})`;
  const loads = Array.from({ length: count }, (_, four): Load => {
    if (!joined) {
      const lines = [0, 1, 2, 3].map((next) => line(kernel, side, first, 4 * four + next));
      return (loop) => converted(`vec4<f32>(${lines.map((element) => element(loop)).join(', ')})`);
    }
    const name = `${first}_${four}`;
    block.add(`let ${name} = min(${first} + ${4 * four}u, ${side.extent - 4}u);`);
    return () => converted(vector(name) as string);
  });
  return { loads, joined };
}
