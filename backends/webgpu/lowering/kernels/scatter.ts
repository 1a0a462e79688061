import type { Primitive } from '../../../../spec/program/index.js';
import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { ScatterCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel } from './context.js';

/**
 * A scatter-add, always in the same order. The first two kernels chain the updates of each row: the
 * first update of the row, and after each update the next one of its row. The third walks the chain
 * for each element of the result. No two invocations write one place.
 */
export function scatterKernels(cluster: ScatterCluster, context: KernelContext): readonly Kernel[] {
  const [name] = cluster.members;
  const definition = context.graph.definition(name) as Primitive<'scatter_add'>;
  const [indices, updates] = definition.operands as readonly [string, string];
  const { batch, size } = definition.attributes;
  const { shape } = context.graph.type(name);
  const tables = shape.slice(0, batch).reduce((product, extent) => product * extent, 1);
  const rest = context.count(name) / (tables * size);
  const terms = context.count(indices) / tables;
  const { lanes } = context.tiling;
  // The end of a chain, and the row of no update.
  const none = 'i32(-1)';
  const heads = context.temporary({ dtype: 'i32', count: tables * size });
  const links = context.temporary({ dtype: 'i32', count: tables * Math.max(1, terms) });
  const chains = terms === 0 ? [] : [chain(links, terms)];
  return [chain(heads, size), ...chains, add()];

  /** Finds the first update after `from` that has the row in question. */
  function chain(target: string, extent: number): Kernel {
    const { source, expressions } = openKernel(context);
    const count = tables * extent;
    const { workgroups, code } = invocations(count, lanes, context.limits.workgroups);
    const block = new Block();
    block.add(`let id = ${code};`, `if (id >= ${count}u) { return; }`);
    const id = Affine.variable('id', count);
    const { quotient: table, remainder: own } = id.dividedBy(extent);
    block.add(`var found = ${none};`);
    if (terms > 0) {
      const isHead = target === heads;
      const row = isHead ? `i32(${own.code})` : expressions.at(indices, id, block, name);
      const loop = new Block(block, 'j');
      const start = isHead ? '0u' : `${own.code} + 1u`;
      const other = table.times(terms).plus(Affine.variable('j', terms));
      const index = expressions.at(indices, other, loop, name);
      loop.add(`if (${index} == ${row}) { found = i32(j); break; }`);
      block.nest(`for (var j = ${start}; j < ${terms}u; j++) {`, loop);
    }
    block.add(source.store(target, id, 'found'));
    const label = target === heads ? 'first updates' : 'next updates';
    return source.finish({
      label: `${name}, ${label}`,
      lines: block.lines,
      lanes,
      workgroups,
      kind: 'scatter',
      work: count * terms * 2,
    });
  }

  function add(): Kernel {
    const { source, expressions } = openKernel(context);
    const count = context.count(name);
    const { workgroups, code } = invocations(count, lanes, context.limits.workgroups);
    const block = new Block();
    block.add(`let id = ${code};`, `if (id >= ${count}u) { return; }`);
    const id = Affine.variable('id', count);
    const { quotient: row, remainder: column } = id.dividedBy(rest);
    const table = row.dividedBy(size).quotient;
    block.add('var total = 0.0f;', `var j = ${source.load(heads, row)};`);
    const loop = new Block(block, 'j');
    const j = Affine.opaque('u32(j)', Math.max(2, terms), Affine.variable('j', 2));
    const place = table
      .times(terms * rest)
      .plus(j.times(rest))
      .plus(column);
    loop.add(`total += ${expressions.at(updates, place, loop, name)};`);
    loop.add(`j = ${source.load(links, table.times(terms).plus(j))};`);
    block.nest('while (j >= 0) {', loop);
    block.add(source.store(name, id, 'total'));
    return source.finish({
      label: name,
      lines: block.lines,
      lanes,
      workgroups,
      kind: 'scatter',
      work: count * 16,
    });
  }
}
