import type { Primitive } from '../../../../spec/program/index.js';
import { COLUMN, ROW, rowPlace } from '../accesses.js';
import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { RowsCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { groups, invocations, type KernelContext, openKernel, sameIndex } from './context.js';
import { accumulate, identity, type Reduction, shareAcrossLanes } from './reduction.js';

/**
 * Rows, each by the lanes of one workgroup, short ones by one invocation. Members that do not wait
 * for each other's sums share a pass over the row.
 */
export function rowsKernel(cluster: RowsCluster, context: KernelContext): Kernel {
  const { rows, columns, members } = cluster;
  const lanes = lanesOf(columns, context);
  const place = rowPlace(rows, columns);
  const row = Affine.variable(ROW, rows);
  const scalars = new Map<string, string>();
  const elements = new Map<string, string>();
  const { source, expressions } = openKernel(context, (name, at) => {
    if (sameIndex(at, row) && scalars.has(name)) return scalars.get(name);
    return sameIndex(at, place) ? elements.get(name) : undefined;
  });
  const block = new Block();
  const serial = lanes === 1;
  const { rowLanes } = context.tiling;
  const grid = serial
    ? invocations(rows, rowLanes, context.limits.workgroups)
    : groups(rows, context.limits.workgroups);
  block.add(`let ${ROW} = ${grid.code};`, `if (${ROW} >= ${rows}u) { return; }`);

  for (const pass of passes(cluster, context)) {
    const body = new Block(block, COLUMN);
    const sums: Reduction[] = [];
    for (const name of pass) {
      const isRow = context.count(name) === rows;
      const reduction = reductionOf(name, context);
      if (reduction !== undefined) {
        const [x] = reduction.operands as readonly [string];
        const local = source.fresh('s');
        const { dtype } = context.type(name);
        block.add(`var ${local} = ${identity(reduction.op, dtype)};`);
        const value = expressions.at(x, place, body, name);
        body.add(accumulate(reduction.op, local, value));
        sums.push({ op: reduction.op, local, dtype });
        scalars.set(name, local);
      } else if (isRow) {
        const value = expressions.definitionAt(name, row, block);
        scalars.set(name, value);
        if (context.hasMemory(name)) storeOnce(name, value);
      } else {
        const value = expressions.definitionAt(name, place, body);
        elements.set(name, value);
        body.add(source.store(name, place, value));
      }
    }
    if (body.lines.length > 0) {
      const [start, step] = serial ? ['0u', '1u'] : ['lane', `${lanes}u`];
      block.nest(
        `for (var ${COLUMN} = ${start}; ${COLUMN} < ${columns}u; ${COLUMN} += ${step}) {`,
        body,
      );
    }
    // In the next pass they are read back: each lane wrote them itself.
    elements.clear();
    if (!serial) shareAcrossLanes(sums, lanes, block, source, context.subgroups);
    for (const name of pass) {
      if (reductionOf(name, context) !== undefined && context.hasMemory(name)) {
        storeOnce(name, scalars.get(name) as string);
      }
    }
  }
  return source.finish({
    label: members.join(', '),
    lines: block.lines,
    lanes: serial ? rowLanes : lanes,
    workgroups: grid.workgroups,
    kind: 'rows',
    work: rows * columns * members.length * 8,
  });

  function storeOnce(name: string, value: string): void {
    const statement = source.store(name, row, value);
    block.add(serial ? statement : `if (lane == 0u) { ${statement} }`);
  }
}

/** How many invocations share a row: a power of two. */
function lanesOf(columns: number, context: KernelContext): number {
  const { serialRow, rowLanes } = context.tiling;
  if (columns <= serialRow) return 1;
  let lanes = 32;
  while (lanes < rowLanes && lanes * 4 < columns) lanes *= 2;
  return Math.min(lanes, context.limits.invocations);
}

function reductionOf(
  name: string,
  context: KernelContext,
): Primitive<'reduce_sum' | 'reduce_max'> | undefined {
  const definition = context.graph.definition(name);
  const found = definition?.op === 'reduce_sum' || definition?.op === 'reduce_max';
  return found ? definition : undefined;
}

/** Members in the passes that they take: none reads a sum of its own pass. */
function passes(cluster: RowsCluster, context: KernelContext): readonly (readonly string[])[] {
  const result: (readonly string[])[] = [];
  const passOf = new Map<string, number>();
  for (const name of cluster.members) {
    let pass = 0;
    for (const read of membersBelow(name, cluster, context)) {
      const own = passOf.get(read) as number;
      // A sum is whole after its pass; an element is at hand within it.
      const whole = reductionOf(read, context) !== undefined;
      pass = Math.max(pass, whole ? own + 1 : own);
    }
    passOf.set(name, pass);
    const others = result[pass] ?? [];
    result[pass] = [...others, name];
  }
  return result;
}

/** Members of the cluster that a member is made of. */
function membersBelow(
  name: string,
  cluster: RowsCluster,
  { graph, isRead }: KernelContext,
): readonly string[] {
  const found = new Set<string>();
  const visit = (value: string): void => {
    for (const operand of graph.definition(value)?.operands ?? []) {
      if (cluster.members.includes(operand)) found.add(operand);
      else if (!isRead(operand, name)) visit(operand);
    }
  };
  visit(name);
  return [...found];
}
