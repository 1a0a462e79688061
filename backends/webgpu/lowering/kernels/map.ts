import { ELEMENT } from '../accesses.js';
import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { MapCluster } from '../cluster.js';
import type { Kernel } from '../kernel.js';
import { wgslType } from '../wgsl.js';
import { invocations, type KernelContext, openKernel, sameIndex } from './context.js';

/** One invocation an element; of u8, one a word of four. */
export function mapKernel(cluster: MapCluster, context: KernelContext): Kernel {
  const { members, count } = cluster;
  const [first = ''] = members;
  const width = wgslType(context.type(first).dtype, first).elementsPerWord;
  const own = new Map<string, string>();
  const { source, expressions } = openKernel(context, (name, at) =>
    sameIndex(at, place) ? own.get(name) : undefined,
  );
  const words = Math.ceil(count / width);
  const { lanes } = context.tiling;
  const { workgroups, code } = invocations(words, lanes, context.limits.workgroups);
  const place = Affine.variable(ELEMENT, count);
  const block = new Block();
  const body = new Block(block);
  if (width === 1) {
    body.add(`let ${ELEMENT} = ${code};`, `if (${ELEMENT} >= ${count}u) { return; }`);
    for (const name of members) {
      const value = expressions.definitionAt(name, place, body);
      own.set(name, value);
      if (context.hasMemory(name)) body.add(source.store(name, place, value));
    }
  } else {
    body.add(`let word = ${code};`, `if (word >= ${words}u) { return; }`, 'var packed = 0u;');
    const element = new Block(body);
    element.add(`let ${ELEMENT} = min(word * ${width}u + part, ${count - 1}u);`);
    const value = expressions.definitionAt(first, place, element);
    element.add(`packed |= ${value} << (part * 8u);`);
    body.nest(`for (var part = 0u; part < ${width}u; part++) {`, element);
    body.add(source.store(first, Affine.variable('word', words), 'packed'));
  }
  return source.finish({
    label: members.join(', '),
    lines: body.lines,
    lanes,
    workgroups,
    kind: 'map',
    work: count * members.length * 8,
  });
}
