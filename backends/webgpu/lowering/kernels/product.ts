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
    source.shared('tile_a', `array<vec4<f32>, ${(depth * tile[0]) / 4}>`);
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
    const wide = across / 4;
    for (let i = 0; i < down; i++) {
      for (let j = 0; j < wide; j++) block.add(`var c_${i}_${j} = vec4<f32>();`);
    }
    const loop = new Block(block, 'start');
    loadTile('a', transpose_a, loop);
    loadTile('b', !transpose_b, loop);
    loop.add('workgroupBarrier();');
    const terms = new Block(loop, 'term');
    terms.add(`let a_at = (term * ${tile[0]}u + lane_row) / 4u;`);
    terms.add(`let b_at = (term * ${tile[1]}u + lane_col) / 4u;`);
    for (let j = 0; j < wide; j++) terms.add(`let b_${j} = tile_b[b_at + ${j}u];`);
    for (let i = 0; i < down; i++) {
      if (i % 4 === 0) terms.add(`let a_${i / 4} = tile_a[a_at + ${i / 4}u];`);
      const factor = `a_${Math.floor(i / 4)}[${i % 4}]`;
      for (let j = 0; j < wide; j++) terms.add(`c_${i}_${j} += ${factor} * b_${j};`);
    }
    loop.nest(`for (var term = 0u; term < ${depth}u; term++) {`, terms);
    loop.add('workgroupBarrier();');
    if (k > 0)
      block.nest(`for (var start = ${first}; start < ${last}; start += ${depth}u) {`, loop);

    const put = new Block();
    put.add(`if (row >= ${m}u || col >= ${n}u) { return; }`);
    if (partial !== undefined) {
      const place = Affine.variable('part', parts)
        .times(batches * m * n)
        .plus(resultAt);
      put.add(source.store(partial, place, 'product'));
    } else {
      const value =
        member === product ? 'product' : expressions.definitionAt(member, resultAt, put);
      put.add(source.store(member, resultAt, value));
    }
    const parameters = `${parts === 1 ? '' : 'part: u32, '}batch: u32, row: u32, col: u32, product: f32`;
    const which = parts === 1 ? 'batch' : 'part, batch';
    const all = Array.from(
      { length: down * wide },
      (_, at) => `c_${Math.floor(at / wide)}_${at % wide}`,
    );
    block.add(
      `var c = array<vec4<f32>, ${all.length}>(${all.join(', ')});`,
      'let row = tile_row + lane_row;',
      'let col = tile_col + lane_col;',
      `for (var i = 0u; i < ${down}u; i++) {`,
      `  for (var j = 0u; j < ${across}u; j++) {`,
      `    put(${which}, row + i, col + j, c[i * ${wide}u + j / 4u][j % 4u]);`,
      '  }',
      '}',
    );
    return source.finish({
      label: partial === undefined ? member : `${product}, in ${parts} parts`,
      lines: block.lines,
      lanes,
      workgroups,
      work: 2 * batches * m * n * k,
      functions: [`fn put(${parameters}) {`, ...put.lines.map((line) => `  ${line}`), '}'],
    });

    /**
     * Brings a tile in: neighbours in memory by neighbouring lanes, by fours where the matrix has
     * them side by side.
     *
     * @param termsFirst Whether the elements of one term lie side by side, not the terms of one.
     */
    function loadTile(which: 'a' | 'b', termsFirst: boolean, into: Block): void {
      const [operand, outer, extent] = which === 'a' ? [a, m, tile[0]] : [b, n, tile[1]];
      const at = Affine.variable('k', k);
      const o = Affine.variable('o', outer);
      const matrix = termsFirst ? at.times(outer).plus(o) : o.times(k).plus(at);
      const place = batch.times(k * outer).plus(matrix);
      const byFours =
        k === 0 ? undefined : expressions.vectorAt(operand, place, termsFirst ? 'o' : 'k', member);
      const width = byFours === undefined ? 1 : 4;
      const inner = new Block(into, 'e');
      const fast = (termsFirst ? extent : depth) / width;
      const [quick, slow] = [`e % ${fast}u${width === 4 ? ' * 4u' : ''}`, `e / ${fast}u`];
      inner.add(
        `let term = ${termsFirst ? slow : quick};`,
        `let other = ${termsFirst ? quick : slow};`,
      );
      const start = which === 'a' ? 'tile_row' : 'tile_col';
      inner.add('let k = start + term;', `let o = ${start} + other;`);
      inner.add(`var x = ${width === 4 ? 'vec4<f32>()' : '0.0f'};`);
      const value = new Block(inner);
      const code = byFours ?? (k === 0 ? '0.0f' : expressions.at(operand, place, value, member));
      value.add(`x = ${code};`);
      inner.nest(`if (k < ${last} && o < ${outer}u) {`, value);
      const spot = (next: number): string =>
        `tile_${which}[((term + ${next}u) * ${extent}u + other) / 4u]`;
      if (width === 4 && termsFirst) inner.add(`${spot(0)} = x;`);
      else if (width === 4) {
        for (let next = 0; next < 4; next++) inner.add(`${spot(next)}[other % 4u] = x[${next}];`);
      } else inner.add(`${spot(0)}[other % 4u] = x;`);
      const count = (depth * extent) / width;
      into.nest(`for (var e = lane; e < ${count}u; e += ${lanes}u) {`, inner);
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
function fitted({ lanes, registers, depth }: ProductTiling, m: number, n: number): ProductTiling {
  const down = shrunk(lanes[0], registers[0], m);
  const across = shrunk(lanes[1], registers[1], n);
  return { depth, lanes: [down[0], across[0]], registers: [down[1], across[1]] };
}

function shrunk(lanes: number, registers: number, extent: number): readonly [number, number] {
  const own = extent <= lanes * 4 ? 4 : registers;
  let count = lanes;
  while (count > 4 && (count / 2) * own >= extent) count /= 2;
  return [count, own];
}

function partsOf(groups: number, terms: number): number {
  return Math.max(
    1,
    Math.min(Math.floor(BUSY_GROUPS / groups), Math.floor(terms / PART_TERMS), 64),
  );
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
