import { Block } from '../block.js';
import type { Kernel } from '../kernel.js';
import { groups, type KernelContext } from './context.js';
import { TileSource } from './tile-source.js';
import type { RowRange, Tiles } from './tiles.js';

/**
 * A kernel whose workgroups hold some rows each and go over all rows of the same batch, a tile of a matrix
 * length x length at a time, which lies in registers and workgroup memory alone.
 */
export function tilesKernel(tiles: Tiles, context: KernelContext): Kernel {
  const { batches, length, width } = tiles.rows;
  const held = within(tiles.held, length);
  const met = within(tiles.met, length);
  const source = new TileSource(context, tiles);
  const { block, shape } = source;
  const { side, rows, columns } = shape;
  const strips = Math.ceil((held.to - held.from) / rows);
  const { workgroups, code } = groups(batches * strips, context.limits.workgroups);
  block.add(
    `let place = ${code};`,
    `if (place >= ${batches * strips}u) { return; }`,
    `let batch = place / ${strips}u;`,
    `let first = ${held.from === 0 ? '' : `${held.from}u + `}place % ${strips}u * ${rows}u;`,
    `let lane_row = lane / ${side}u * ${rows / side}u;`,
    `let lane_col = lane % ${side}u;`,
    ...source.fours.map(
      (x) => `let four_${x} = min(lane_col + ${x * side}u, ${Math.ceil(width / 4) - 1}u);`,
    ),
  );
  for (const own of tiles.own) source.bring(own.name, own, 'first', rows, block);
  for (const name of tiles.sums) {
    for (const i of source.down) {
      block.add(...source.fours.map((x) => `var ${name}_${i}_${x} = vec4<f32>();`));
    }
  }
  tiles.begin(source);
  if (tiles.each !== undefined) {
    const loop = new Block(block);
    tiles.each(source, loop);
    block.nest(`for (var start = ${met.from}u; start < ${met.to}u; start += ${columns}u) {`, loop);
  }
  tiles.end(source);
  const pairs = (held.to - held.from) * (met.to - met.from);
  const flops = 2 * batches * pairs * width * tiles.products;
  return source.source.finish({
    label: tiles.label,
    lines: block.lines,
    lanes: side * side,
    workgroups,
    kind: 'attention',
    work: Math.max(flops, batches * length * width),
    flops,
  });
}

/** Of a range the rows that there are; all where there is no range. */
function within(
  { from, to }: RowRange = { from: 0, to: Number.POSITIVE_INFINITY },
  length: number,
): RowRange {
  return { from, to: Math.min(to, length) };
}
