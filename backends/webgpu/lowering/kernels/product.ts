import type { Primitive } from '../../../../spec/program/index.js';
import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { ProductCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel, sameIndex } from './context.js';
import type { ProductTiling } from './tiling.js';

/** Workgroups with which a device is busy, and the terms that a part of a sum has at least. */
const BUSY_GROUPS = 256;
const PART_TERMS = 512;

/**
 * A batch of matrix products c = a b, tile by tile: a workgroup brings `depth` terms of its rows of
 * a and columns of b into workgroup memory, and each of its lanes sums a block of c in registers.
 * Transposes and other views are part of the loads; what follows element by element is part of the
 * store. Where tiles are few and sums long, parts of the sums are joined by a second kernel.
 */
export function productKernels(cluster: ProductCluster, context: KernelContext): readonly Kernel[] {
  const { product } = cluster;
  const [member] = cluster.members;
  const definition = context.graph.definition(product) as Primitive<'matmul'>;
  const [a, b] = definition.operands as readonly [string, string];
  const { transpose_a, transpose_b } = definition.attributes;
  const shape = context.graph.type(product).shape;
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number];
  const k = context.graph.type(a).shape.at(transpose_a ? -2 : -1) as number;
  const batches = context.count(product) / (m * n);
  const tiling = fitted(context.tiling.product, m, n);
  const tile = [
    tiling.lanes[0] * tiling.registers[0],
    tiling.lanes[1] * tiling.registers[1],
  ] as const;
  const tiles = [Math.ceil(m / tile[0]), Math.ceil(n / tile[1])] as const;
  const parts = partsOf(tiles[0] * tiles[1] * batches, k);
  const partTerms = Math.ceil(k / parts / tiling.depth) * tiling.depth;
  const partial =
    parts === 1 ? undefined : context.temporary({ dtype: 'f32', count: parts * batches * m * n });
  const kernels = [multiply()];
  if (partial !== undefined) kernels.push(join(partial));
  return kernels;

  function multiply(): Kernel {
    const batch = Affine.variable('batch', batches);
    const resultAt = batch
      .times(m * n)
      .plus(Affine.variable('row', m).times(n))
      .plus(Affine.variable('col', n));
    const { source, expressions } = openKernel(context, (name, at) =>
      name === product && sameIndex(at, resultAt) ? 'product' : undefined,
    );
    const lanes = tiling.lanes[0] * tiling.lanes[1];
    const { depth } = tiling;
    const [down, across] = tiling.registers;
    source.shared('tile_a', `array<f32, ${depth * tile[0]}>`);
    source.shared('tile_b', `array<vec4<f32>, ${(depth * tile[1]) / 4}>`);
    const block = new Block();
    const grid = [tiles[1], tiles[0], batches * parts] as const;
    const { workgroups, place } = placed(grid, context.limits.workgroups);
    block.add(
      ...place,
      `let tile_row = tile_y * ${tile[0]}u;`,
      `let tile_col = tile_x * ${tile[1]}u;`,
      `let lane_row = lane / ${tiling.lanes[1]}u * ${down}u;`,
      `let lane_col = lane % ${tiling.lanes[1]}u * ${across}u;`,
    );
    const [first, last] = parts === 1 ? ['0u', `${k}u`] : ['part_start', 'part_end'];
    if (parts === 1) block.add('let batch = tile_z;');
    else {
      block.add(
        `let batch = tile_z % ${batches}u;`,
        `let part = tile_z / ${batches}u;`,
        `let part_start = part * ${partTerms}u;`,
        `let part_end = min(part_start + ${partTerms}u, ${k}u);`,
      );
    }
    for (let i = 0; i < down; i++) {
      for (let j = 0; j < across / 4; j++) block.add(`var c_${i}_${j} = vec4<f32>();`);
    }
    const loop = new Block(block, 'start');
    loop.nest(
      `for (var e = lane; e < ${depth * tile[0]}u; e += ${lanes}u) {`,
      loadTile('a', transpose_a, loop),
    );
    loop.nest(
      `for (var e = lane; e < ${depth * tile[1]}u; e += ${lanes}u) {`,
      loadTile('b', !transpose_b, loop),
    );
    loop.add('workgroupBarrier();');
    const terms = new Block(loop, 'term');
    for (let j = 0; j < across / 4; j++) {
      terms.add(`let b_${j} = tile_b[(term * ${tile[1]}u + lane_col) / 4u + ${j}u];`);
    }
    for (let i = 0; i < down; i++) {
      terms.add(`let a_${i} = tile_a[term * ${tile[0]}u + lane_row + ${i}u];`);
      for (let j = 0; j < across / 4; j++) terms.add(`c_${i}_${j} += a_${i} * b_${j};`);
    }
    loop.nest(`for (var term = 0u; term < ${depth}u; term++) {`, terms);
    loop.add('workgroupBarrier();');
    if (k > 0) block.nest(`for (var start = ${first}; start < ${last}; start += ${depth}u) {`, loop);

    const put = new Block();
    put.add(`if (row >= ${m}u || col >= ${n}u) { return; }`);
    if (partial !== undefined) {
      const place = Affine.variable('part', parts).times(batches * m * n).plus(resultAt);
      put.add(source.store(partial, place, 'product'));
    } else {
      const value = member === product ? 'product' : expressions.definitionAt(member, resultAt, put);
      put.add(source.store(member, resultAt, value));
    }
    const parameters = `${parts === 1 ? '' : 'part: u32, '}batch: u32, row: u32, col: u32, product: f32`;
    const which = parts === 1 ? 'batch' : 'part, batch';
    block.add(`let row = tile_row + lane_row;`, `let col = tile_col + lane_col;`);
    for (let i = 0; i < down; i++) {
      for (let j = 0; j < across; j++) {
        const result = `c_${i}_${Math.floor(j / 4)}[${j % 4}]`;
        block.add(`put(${which}, row + ${i}u, col + ${j}u, ${result});`);
      }
    }
    return source.finish({
      label: partial === undefined ? member : `${product}, in ${parts} parts`,
      lines: block.lines,
      lanes,
      workgroups,
      work: 2 * batches * m * n * k,
      functions: [`fn put(${parameters}) {`, ...put.lines.map((line) => `  ${line}`), '}'],
    });

    /** Statements that bring element `e` of a tile in: those side by side in memory by neighbours. */
    function loadTile(which: 'a' | 'b', termsFirst: boolean, around: Block): Block {
      const extent = which === 'a' ? tile[0] : tile[1];
      const inner = new Block(around, 'e');
      // Whether neighbours of a column of terms, or of a row of them, lie side by side in memory.
      const [term, other] = termsFirst
        ? [`e / ${extent}u`, `e % ${extent}u`]
        : [`e % ${depth}u`, `e / ${depth}u`];
      const start = which === 'a' ? 'tile_row' : 'tile_col';
      inner.add(`let k = start + ${term};`, `let o = ${start} + ${other};`);
      const outer = which === 'a' ? m : n;
      const at = Affine.variable('k', k);
      const o = Affine.variable('o', outer);
      const matrix = termsFirst ? at.times(outer).plus(o) : o.times(k).plus(at);
      const place = batch.times(k * outer).plus(matrix);
      const value = new Block(inner);
      const operand = which === 'a' ? a : b;
      value.add(`x = ${k === 0 ? '0.0f' : expressions.at(operand, place, value)};`);
      inner.add('var x = 0.0f;');
      inner.nest(`if (k < ${last} && o < ${outer}u) {`, value);
      const at2 = `(${term}) * ${extent}u + ${other}`;
      inner.add(which === 'a' ? `tile_a[${at2}] = x;` : `tile_b[(${at2}) / 4u][(${at2}) % 4u] = x;`);
      return inner;
    }
  }

  /** Adds up the parts of each sum. */
  function join(parted: string): Kernel {
    const count = batches * m * n;
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
      `  total += ${source.load(parted, part)};`,
      '}',
    );
    const value = member === product ? 'total' : expressions.definitionAt(member, place, block);
    block.add(source.store(member, place, value));
    return source.finish({
      label: member,
      lines: block.lines,
      lanes,
      workgroups,
      work: count * parts * 4,
    });
  }
}

/** Smaller tiles for matrices that would leave most of one empty. */
function fitted(tiling: ProductTiling, m: number, n: number): ProductTiling {
  const shrink = (lanes: number, registers: number, extent: number): number => {
    let count = lanes;
    while (count > 4 && (count / 2) * registers >= extent) count /= 2;
    return count;
  };
  return {
    ...tiling,
    lanes: [
      shrink(tiling.lanes[0], tiling.registers[0], m),
      shrink(tiling.lanes[1], tiling.registers[1], n),
    ],
  };
}

function partsOf(groups: number, terms: number): number {
  return Math.max(1, Math.min(Math.floor(BUSY_GROUPS / groups), Math.floor(terms / PART_TERMS), 64));
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
