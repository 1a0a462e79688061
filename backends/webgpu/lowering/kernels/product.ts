import { elementOfProduct } from '../accesses.js';
import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { ProductCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel } from './context.js';
import { sumByLanes } from './product-lanes.js';
import { type ProductKernel, type ProductPlan, planProduct } from './product-plan.js';
import { MadeElements, partPlace, storeFour, storeSums } from './product-store.js';
import { sumByUnits } from './product-units.js';

/**
 * A batch of matrix products, tile by tile. Transposes and other views are part of the loads; what follows element by element is
 * part of the store. Where tiles are few and sums long, parts of the sums are joined by a second
 * kernel.
 */
export function productKernels(cluster: ProductCluster, context: KernelContext): readonly Kernel[] {
  const plan = planProduct(cluster, context);
  const { parts, batches, a, b, columnSums } = plan;
  if (parts === 1) return [multiply(plan, context, { sums: columnSums })];
  const partial = context.temporary({ dtype: 'f32', count: parts * batches * a.extent * b.extent });
  const sums = columnSums && context.temporary({ dtype: 'f32', count: parts * a.extent });
  return [multiply(plan, context, { partial, sums }), join(plan, context, { partial, sums })];
}

/** Where parts of sums go, and the sums of columns or parts of them. */
interface Targets {
  readonly partial?: string;
  readonly sums: string | undefined;
}

function multiply(plan: ProductPlan, context: KernelContext, { partial, sums }: Targets): Kernel {
  const { product, tile, parts, batches, terms, partTerms, units, stages, depth } = plan;
  const [m, n] = [plan.a.extent, plan.b.extent];
  const place = elementOfProduct(context.graph, product);
  const made = new MadeElements(plan, context, place, 'product');
  const { source, expressions } = openKernel(context, made.held);
  const tiles = [Math.ceil(n / tile[1]), Math.ceil(m / tile[0]), batches * parts] as const;
  const { workgroups, find } = placed(tiles, context.limits.workgroups);
  const block = new Block();
  block.add(
    ...find,
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
  const put = (row: string, column: string, four: string): string =>
    `put(${which.join(', ')}, ${row}, ${column}, ${four});`;
  const putSums = (line: string, four: string): string =>
    `put_sums(${parts === 1 ? '0u' : 'part'}, ${line}, ${four});`;
  const kernel: ProductKernel = { plan, source, expressions, block, range, put, putSums };
  const loads = units === undefined ? sumByLanes(kernel) : sumByUnits(kernel, units);
  const parameters = [...which, 'row', 'first'].map((name) => `${name}: u32`).join(', ');
  const flops = 2 * batches * m * n * terms;
  const [first] = plan.members as readonly [string];
  const isStored = (name: string): boolean => context.isRead(name, first);
  const isShared = units !== undefined || plan.tiling.memory === 'workgroup';
  const [x, y, z] = tiles;
  return source.finish({
    label: partial === undefined ? made.stored.join(', ') : `${product}, in ${parts} parts`,
    lines: block.lines,
    lanes: plan.lanes,
    workgroups,
    kind: 'product',
    work: flops,
    flops,
    product: {
      ...loads,
      operands: [...context.graph.leaves([plan.a.value, plan.b.value], isStored)],
      // Lanes that read memory by themselves never wait; of one tile they wait for it, and before the next one replaces it.
      barriersOfTerm: isShared
        ? ((stages === 1 ? 2 : 1) * Math.ceil(partTerms / depth)) / Math.max(1, partTerms)
        : 0,
      isAhead: stages === 2,
      tileBytes: 4 * x * y * z * (tile[0] + tile[1]) * partTerms,
      leastBytes: 4 * batches * ((m + n) * terms + m * n),
    },
    functions: [
      `fn put(${parameters}, four: vec4<f32>) {`,
      ...storeFour(kernel, made, partial).lines.map((line) => `  ${line}`),
      '}',
      ...(sums === undefined ? [] : storeSums(kernel, sums)),
    ],
  });
}

/** Adds up the parts of each sum: of the product's, then of a's lines. */
function join(plan: ProductPlan, context: KernelContext, { partial, sums }: Targets): Kernel {
  const { parts, columnSums } = plan;
  const lines = plan.a.extent;
  const count = plan.batches * lines * plan.b.extent;
  const all = columnSums === undefined ? count : count + lines;
  const { lanes } = context.tiling;
  const { workgroups, code } = invocations(all, lanes, context.limits.workgroups);
  const place = Affine.variable('i', count);
  const made = new MadeElements(plan, context, place, 'total');
  const { source, expressions } = openKernel(context, made.held);
  const block = new Block();
  block.add(`let i = ${code};`, `if (i >= ${all}u) { return; }`, 'var total = 0.0f;');
  const part = Affine.variable('part', parts);
  const addUp = (value: string, at: Affine): readonly string[] => [
    `for (var part = 0u; part < ${parts}u; part++) {`,
    `  total += ${source.load(value, at)};`,
    '}',
  ];
  if (columnSums !== undefined && sums !== undefined) {
    const line = Affine.variable(`(i - ${count}u)`, lines);
    block.add(
      `if (i >= ${count}u) {`,
      ...addUp(sums, part.times(lines).plus(line)).map((statement) => `  ${statement}`),
      `  ${source.store(columnSums, line, 'total')}`,
      '  return;',
      '}',
    );
  }
  block.add(...addUp(partial as string, partPlace(plan, 'part').plus(place)));
  const values = made.values(expressions, block);
  block.add(...made.stored.map((name, at) => source.store(name, place, values[at] as string)));
  const work = all * parts * 4;
  return source.finish({
    label: made.stored.join(', '),
    lines: block.lines,
    lanes,
    workgroups,
    kind: 'join',
    work,
  });
}

/** A grid in three dimensions, each within the limit; how each workgroup finds its place in it. */
function placed(
  [x, y, z]: readonly [number, number, number],
  limit: number,
): { readonly workgroups: readonly [number, number, number]; readonly find: readonly string[] } {
  const direct = ['let tile_x = group.x;', 'let tile_y = group.y;', 'let tile_z = group.z;'];
  if (x <= limit && y <= limit && z <= limit) return { workgroups: [x, y, z], find: direct };
  const count = x * y * z;
  const columns = Math.min(limit, count);
  return {
    workgroups: [columns, Math.ceil(count / columns), 1],
    find: [
      `let tile = group.y * ${columns}u + group.x;`,
      `if (tile >= ${count}u) { return; }`,
      `let tile_x = tile % ${x}u;`,
      `let tile_y = tile / ${x}u % ${y}u;`,
      `let tile_z = tile / ${x * y}u;`,
    ],
  };
}
