import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { ProductCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel, sameIndex } from './context.js';
import { sumByLanes } from './product-lanes.js';
import { type ProductKernel, type ProductPlan, planProduct } from './product-plan.js';
import { sumByUnits } from './product-units.js';

/**
 * A batch of matrix products, tile by tile. Transposes and other views are part of the loads; what follows element by element is
 * part of the store. Where tiles are few and sums long, parts of the sums are joined by a second
 * kernel.
 */
export function productKernels(cluster: ProductCluster, context: KernelContext): readonly Kernel[] {
  const plan = planProduct(cluster, context);
  if (plan.parts === 1) return [multiply(plan, context)];
  const count = plan.parts * plan.batches * plan.a.extent * plan.b.extent;
  const partial = context.temporary({ dtype: 'f32', count });
  return [multiply(plan, context, partial), join(plan, context, partial)];
}

function multiply(plan: ProductPlan, context: KernelContext, partial?: string): Kernel {
  const { member, product, tile, parts, batches, terms, partTerms, units } = plan;
  const [m, n] = [plan.a.extent, plan.b.extent];
  const resultAt = resultPlace(plan);
  const { source, expressions } = openKernel(context, (name, at) =>
    name === product && sameIndex(at, resultAt) ? 'product' : undefined,
  );
  const tiles = [Math.ceil(n / tile[1]), Math.ceil(m / tile[0]), batches * parts] as const;
  const { workgroups, place } = placed(tiles, context.limits.workgroups);
  const block = new Block();
  block.add(
    ...place,
    `let tile_row = tile_y * ${tile[0]}u;`,
    `let tile_col = tile_x * ${tile[1]}u;`,
  );
  if (parts === 1) block.add('let batch = tile_z;');
  else {
    block.add(
      `let batch = tile_z % ${batches}u;`,
      `let part = tile_z / ${batches}u;`,
      `let part_start = part * ${partTerms}u;`,
      `let part_end = min(part_start + ${partTerms}u, ${terms}u);`,
    );
  }
  const range =
    parts === 1 ? (['0u', `${terms}u`] as const) : (['part_start', 'part_end'] as const);
  const which = parts === 1 ? ['batch'] : ['part', 'batch'];
  const put = (row: string, column: string, element: string): string =>
    `put(${which.join(', ')}, ${row}, ${column}, ${element});`;
  const kernel: ProductKernel = { plan, source, expressions, block, range, put };
  if (units === undefined) sumByLanes(kernel);
  else sumByUnits(kernel, units);

  const store = new Block();
  store.add(`if (col >= ${n}u) { return; }`);
  if (partial !== undefined) {
    const part = Affine.variable('part', parts).times(batches * m * n);
    store.add(source.store(partial, part.plus(resultAt), 'product'));
  } else {
    const value =
      member === product ? 'product' : expressions.definitionAt(member, resultAt, store);
    store.add(source.store(member, resultAt, value));
  }
  const parameters = [...which, 'row', 'col'].map((name) => `${name}: u32`).join(', ');
  return source.finish({
    label: partial === undefined ? member : `${product}, in ${parts} parts`,
    lines: block.lines,
    lanes: plan.lanes,
    workgroups,
    work: 2 * batches * m * n * terms,
    functions: [
      `fn put(${parameters}, product: f32) {`,
      ...store.lines.map((line) => `  ${line}`),
      '}',
    ],
  });
}

/** Adds up the parts of each sum. */
function join(plan: ProductPlan, context: KernelContext, partial: string): Kernel {
  const { member, product, parts } = plan;
  const count = plan.batches * plan.a.extent * plan.b.extent;
  const { lanes } = context.tiling;
  const { workgroups, code } = invocations(count, lanes, context.limits.workgroups);
  const place = Affine.variable('i', count);
  const { source, expressions } = openKernel(context, (name, at) =>
    name === product && sameIndex(at, place) ? 'total' : undefined,
  );
  const block = new Block();
  block.add(`let i = ${code};`, `if (i >= ${count}u) { return; }`, 'var total = 0.0f;');
  const part = Affine.variable('part', parts).times(count).plus(place);
  block.add(
    `for (var part = 0u; part < ${parts}u; part++) {`,
    `  total += ${source.load(partial, part)};`,
    '}',
  );
  const value = member === product ? 'total' : expressions.definitionAt(member, place, block);
  block.add(source.store(member, place, value));
  const work = count * parts * 4;
  return source.finish({ label: member, lines: block.lines, lanes, workgroups, work });
}

/** The place of the result's element in `row` and `col` of `batch`. */
function resultPlace({ a, b, batches }: ProductPlan): Affine {
  return Affine.variable('batch', batches)
    .times(a.extent * b.extent)
    .plus(Affine.variable('row', a.extent).times(b.extent))
    .plus(Affine.variable('col', b.extent));
}

/** A grid in three dimensions, each within the limit; how each workgroup finds its place in it. */
function placed(
  [x, y, z]: readonly [number, number, number],
  limit: number,
): { readonly workgroups: readonly [number, number, number]; readonly place: readonly string[] } {
  const direct = ['let tile_x = group.x;', 'let tile_y = group.y;', 'let tile_z = group.z;'];
  if (x <= limit && y <= limit && z <= limit) return { workgroups: [x, y, z], place: direct };
  const count = x * y * z;
  const columns = Math.min(limit, count);
  return {
    workgroups: [columns, Math.ceil(count / columns), 1],
    place: [
      `let tile = group.y * ${columns}u + group.x;`,
      `if (tile >= ${count}u) { return; }`,
      `let tile_x = tile % ${x}u;`,
      `let tile_y = tile / ${x}u % ${y}u;`,
      `let tile_z = tile / ${x * y}u;`,
    ],
  };
}
