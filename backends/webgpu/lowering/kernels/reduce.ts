import type { Primitive } from '../../../../spec/program/index.js';
import { Affine, axisIndices, linearIndex } from '../affine.js';
import { Block } from '../block.js';
import type { ReduceCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel } from './context.js';
import { accumulate, identity } from './reduction.js';

/** Terms that one invocation sums, at least, before more invocations share a sum. */
const TERMS = 64;
const MAX_PARTS = 256;

/**
 * A reduction over any axes: one invocation a result, or one each of several parts of its terms,
 * joined by a second kernel. Invocations side by side read side by side.
 */
export function reduceKernels(cluster: ReduceCluster, context: KernelContext): readonly Kernel[] {
  const [name] = cluster.members;
  const definition = context.graph.definition(name) as Primitive<'reduce_sum' | 'reduce_max'>;
  const [x] = definition.operands as readonly [string];
  const { shape } = context.graph.type(x);
  const axes = new Set(definition.attributes.axes);
  const kept = shape.filter((_, axis) => !axes.has(axis));
  const gone = shape.filter((_, axis) => axes.has(axis));
  const results = context.count(name);
  const terms = gone.reduce((product, extent) => product * extent, 1);
  const parts = partsOf(results, terms, context.tiling.busy);
  // Those that vary fastest lie side by side: results where the last axis is kept, else terms.
  const partsFirst = axes.has(shape.length - 1);
  const { dtype } = context.type(name);
  const target =
    parts === 1 ? name : context.temporary({ dtype: dtype as 'f32', count: results * parts });
  const kernels = [first()];
  if (parts > 1) kernels.push(second());
  return kernels;

  function first(): Kernel {
    const { source, expressions } = openKernel(context);
    const count = results * parts;
    const { workgroups, code } = invocations(
      count,
      context.tiling.lanes,
      context.limits.workgroups,
    );
    const block = new Block();
    const id = Affine.variable('id', count);
    block.add(`let id = ${code};`, `if (id >= ${count}u) { return; }`);
    const split = id.dividedBy(partsFirst ? parts : results);
    const [result, part] = partsFirst
      ? [split.quotient, split.remainder]
      : [split.remainder, split.quotient];
    const total = source.fresh('s');
    block.add(`var ${total} = ${identity(definition.op, dtype)};`);
    if (terms > 0) {
      const body = new Block(block, 'k');
      const index = interleaved(
        axisIndices(result, kept),
        axisIndices(Affine.variable('k', terms), gone),
      );
      const value = expressions.at(x, linearIndex(index, shape), body, name);
      body.add(accumulate(definition.op, total, value));
      block.nest(`for (var k = ${part.code}; k < ${terms}u; k += ${parts}u) {`, body);
    }
    block.add(source.store(target, id, total));
    return source.finish({
      label: parts === 1 ? name : `${name}, in ${parts} parts`,
      lines: block.lines,
      lanes: context.tiling.lanes,
      workgroups,
      work: results * terms * 8,
    });
  }

  function second(): Kernel {
    const { source } = openKernel(context);
    const { workgroups, code } = invocations(
      results,
      context.tiling.lanes,
      context.limits.workgroups,
    );
    const block = new Block();
    const id = Affine.variable('id', results);
    block.add(`let id = ${code};`, `if (id >= ${results}u) { return; }`);
    block.add(`var total = ${identity(definition.op, dtype)};`);
    const part = Affine.variable('part', parts);
    const place = partsFirst ? id.times(parts).plus(part) : part.times(results).plus(id);
    block.add(`for (var part = 0u; part < ${parts}u; part++) {`);
    block.add(`  ${accumulate(definition.op, 'total', source.load(target, place))}`, '}');
    block.add(source.store(name, id, 'total'));
    return source.finish({
      label: name,
      lines: block.lines,
      lanes: context.tiling.lanes,
      workgroups,
      work: results * parts * 8,
    });
  }

  /** An index of the operand from those of kept and of reduced axes. */
  function interleaved(
    keptIndex: readonly Affine[],
    goneIndex: readonly Affine[],
  ): readonly Affine[] {
    const [left, right] = [[...keptIndex], [...goneIndex]];
    return shape.map((_, axis) => (axes.has(axis) ? right : left).shift() as Affine);
  }
}

function partsOf(results: number, terms: number, busy: number): number {
  const wanted = Math.ceil(busy / Math.max(1, results));
  return Math.max(1, Math.min(wanted, Math.floor(terms / TERMS), MAX_PARTS));
}
