import type { DType, Primitive, Shape } from '../../../../spec/program/index.js';
import { Affine, axisIndices, linearIndex } from '../affine.js';
import { Block } from '../block.js';
import type { ReduceCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { invocations, type KernelContext, openKernel } from './context.js';
import { accumulate, identity, type ReductionName } from './reduction.js';

/** Terms that one invocation sums, at least, before more invocations share a sum. */
const TERMS = 64;
const MAX_PARTS = 256;

/** A reduction of a cluster. */
interface Member {
  readonly name: string;
  readonly op: ReductionName;
  readonly operand: string;
  /** Where its results go, or the parts of them. */
  readonly target: string;
}

/** What the reductions of a cluster have in common. */
interface ReducePlan {
  readonly members: readonly Member[];
  readonly dtype: DType;
  readonly shape: Shape;
  readonly axes: ReadonlySet<number>;
  readonly results: number;
  readonly terms: number;
  /** Parts of each sum, each by an invocation of its own. */
  readonly parts: number;
  /** What varies fastest lies side by side: results where the last axis is kept, else parts of terms. */
  readonly partsFirst: boolean;
}

/**
 * Reductions over the same axes of values of one shape: one invocation for a result of each, or one each
 * for several parts of its terms, joined by a second kernel. Invocations side by side read side by side.
 */
export function reduceKernels(cluster: ReduceCluster, context: KernelContext): readonly Kernel[] {
  const plan = planReduce(cluster, context);
  return plan.parts === 1 ? [sum(plan, context)] : [sum(plan, context), join(plan, context)];
}

function planReduce(cluster: ReduceCluster, context: KernelContext): ReducePlan {
  const definitions = cluster.members.map(
    (name) => context.graph.definition(name) as Primitive<'reduce_sum' | 'reduce_max'>,
  );
  const [{ operands, attributes }] = definitions as [(typeof definitions)[number]];
  const { dtype, shape } = context.graph.type(operands[0] as string);
  const axes = new Set(attributes.axes);
  const results = context.count(cluster.members[0]);
  const terms = shape.reduce((all, extent, axis) => (axes.has(axis) ? all * extent : all), 1);
  const parts = partsOf(results, terms, context.tiling.busy);
  const members = definitions.map((definition): Member => {
    const [{ name }] = definition.results;
    const target =
      parts === 1 ? name : context.temporary({ dtype: dtype as 'f32', count: results * parts });
    return { name, op: definition.op, operand: definition.operands[0] as string, target };
  });
  const partsFirst = axes.has(shape.length - 1);
  return { members, dtype, shape, axes, results, terms, parts, partsFirst };
}

/** Sums the terms, or a part of them. */
function sum(plan: ReducePlan, context: KernelContext): Kernel {
  const { members, dtype, shape, axes, results, terms, parts, partsFirst } = plan;
  const { source, expressions } = openKernel(context);
  const count = results * parts;
  const { lanes, termsAtOnce } = context.tiling;
  const { workgroups, code } = invocations(count, lanes, context.limits.workgroups);
  const block = new Block();
  const id = Affine.variable('id', count);
  block.add(`let id = ${code};`, `if (id >= ${count}u) { return; }`);
  const split = id.dividedBy(partsFirst ? parts : results);
  const [result, part] = partsFirst
    ? [split.quotient, split.remainder]
    : [split.remainder, split.quotient];
  const kept = axisIndices(
    result,
    shape.filter((_, axis) => !axes.has(axis)),
  );
  /** An element of the operands, from the numbers of its result and its term. */
  const place = (term: Affine): Affine => {
    const left = [...kept];
    const right = [
      ...axisIndices(
        term,
        shape.filter((_, axis) => axes.has(axis)),
      ),
    ];
    const index = shape.map((_, axis) => (axes.has(axis) ? right : left).shift() as Affine);
    return linearIndex(index, shape);
  };
  const totals = members.map(() => source.fresh('s'));
  block.add(...members.map(({ op }, m) => `var ${totals[m]} = ${identity(op, dtype)};`));
  /** Adds the terms k, k + parts, ... up to so many. */
  const add = (body: Block, atOnce: number): void => {
    const k = Affine.variable('k', terms);
    const at = Array.from({ length: atOnce }, (_, next) =>
      place(next === 0 ? k : Affine.opaque(`(k + ${next * parts}u)`, terms, k)),
    );
    // All are asked for before the first is added up.
    const values = members.map(({ operand, name }) =>
      at.map((each) => expressions.at(operand, each, body, name)),
    );
    members.forEach(({ op }, m) => {
      for (const value of values[m] as string[]) {
        body.add(accumulate(op, totals[m] as string, value));
      }
    });
  };
  const each = Math.floor(terms / parts);
  if (termsAtOnce > 1 && each >= termsAtOnce) {
    block.add(`var k = ${part.code};`);
    const many = new Block(block, 'k');
    add(many, termsAtOnce);
    const last = (termsAtOnce - 1) * parts;
    block.nest(`for (; k + ${last}u < ${terms}u; k += ${termsAtOnce * parts}u) {`, many);
    const one = new Block(block, 'k');
    add(one, 1);
    if (terms % (termsAtOnce * parts) > 0) {
      block.nest(`for (; k < ${terms}u; k += ${parts}u) {`, one);
    }
  } else if (terms > 0) {
    const one = new Block(block, 'k');
    add(one, 1);
    block.nest(`for (var k = ${part.code}; k < ${terms}u; k += ${parts}u) {`, one);
  }
  block.add(...members.map(({ target }, m) => source.store(target, id, totals[m] as string)));
  const label = members.map(({ name }) => name).join(', ');
  return source.finish({
    label: parts === 1 ? label : `${label}, in ${parts} parts`,
    lines: block.lines,
    lanes,
    workgroups,
    kind: 'reduce',
    work: members.length * results * terms * 8,
  });
}

/** Joins the parts of each sum. */
function join(plan: ReducePlan, context: KernelContext): Kernel {
  const { members, dtype, results, parts, partsFirst } = plan;
  const { source } = openKernel(context);
  const { lanes } = context.tiling;
  const { workgroups, code } = invocations(results, lanes, context.limits.workgroups);
  const block = new Block();
  const id = Affine.variable('id', results);
  block.add(`let id = ${code};`, `if (id >= ${results}u) { return; }`);
  const part = Affine.variable('part', parts);
  const place = partsFirst ? id.times(parts).plus(part) : part.times(results).plus(id);
  members.forEach(({ op, name, target }, m) => {
    const total = `total_${m}`;
    block.add(
      `var ${total} = ${identity(op, dtype)};`,
      `for (var part = 0u; part < ${parts}u; part++) {`,
      `  ${accumulate(op, total, source.load(target, place))}`,
      '}',
      source.store(name, id, total),
    );
  });
  return source.finish({
    label: members.map(({ name }) => name).join(', '),
    lines: block.lines,
    lanes,
    workgroups,
    kind: 'join',
    work: members.length * results * parts * 8,
  });
}

function partsOf(results: number, terms: number, busy: number): number {
  const wanted = Math.ceil(busy / Math.max(1, results));
  return Math.max(1, Math.min(wanted, Math.floor(terms / TERMS), MAX_PARTS));
}
