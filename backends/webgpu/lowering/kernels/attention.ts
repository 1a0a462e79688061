import type { Call, Shape } from '../../../../spec/program/index.js';
import type { Block } from '../block.js';
import type { AttentionCluster } from '../cluster.js';
import type { Kernel, KernelLimits } from '../kernel.js';
import type { KernelContext } from './context.js';
import { type Rows, type RowsOf, type Sweep, type SweepSource, sweepKernel } from './sweep.js';
import type { Tiling } from './tiling.js';

/** A head this wide still fits a lane's registers. */
const WIDEST = 64;
/** Below all scores. */
const LOWEST = '-3.4e38f';

/**
 * Whether a call is attention, or its gradient, whose scores are never to lie in memory: long, with
 * heads that a lane can hold, as many keys as queries, and without a bias.
 *
 * @param shapeOf The shape of an operand, where it is known.
 */
export function isStreamed(
  call: Call,
  limits: KernelLimits,
  { attention }: Tiling,
  shapeOf: (operand: string) => Shape | undefined,
): boolean {
  const isPlain =
    (call.composite === 'attention' && call.operands.length === 3) ||
    (call.composite === 'attention_grad' && call.operands.length === 5);
  const { shape } = call.results[0] as Call['results'][number];
  if (!isPlain || shape.length !== 4) return false;
  const [batch, heads, length, width] = shape as readonly [number, number, number, number];
  const bytes = 4 * batch * heads * length * width;
  const fits = bytes > 0 && bytes <= limits.bindingBytes;
  const [queries, keys] = call.operands.map((name) => shapeOf(name)?.[2]);
  return fits && queries === keys && length >= attention.from && width <= WIDEST;
}

/**
 * Attention without its matrix of scores (Dao et al., FlashAttention; Rabe and Staats): a lane has a
 * row of the result and meets the rows of the other side one after the other. The forward pass keeps
 * the largest score m so far and the sum l of exp(s - m), and shrinks what it has when m grows. For
 * the gradient m and l of each row are kept; its scores are computed again, with the rule of
 * `ATTENTION_GRAD`: once for dq, once for dv and once for dk.
 */
export function attentionKernels(
  cluster: AttentionCluster,
  context: KernelContext,
): readonly Kernel[] {
  const { call } = cluster;
  const [batch, heads, length, width] = (call.results[0] as Call['results'][number])
    .shape as readonly [number, number, number, number];
  const part: Part = {
    context,
    rows: { batches: batch * heads, length, width },
    scale: call.attributes.scale as number,
    call,
  };
  return call.composite === 'attention' ? [forward(part)] : gradient(part);
}

interface Part {
  readonly context: KernelContext;
  readonly rows: Rows;
  readonly scale: number;
  readonly call: Call;
}

function forward(part: Part): Kernel {
  const { context, rows, call } = part;
  const [q, k, v] = call.operands as readonly [string, string, string];
  const o = (call.results[0] as { readonly name: string }).name;
  const isReadBack = context.graph
    .users(o)
    .some((user) => user.op === 'call' && user.operands[3] === o);
  const statistics = isReadBack ? context.temporary(numbers(rows, 2)) : undefined;
  if (statistics !== undefined) context.statistics.set(o, statistics);
  return largestAndSum(part, { q, k, v, o }, statistics);
}

/** The forward pass; without v, only the largest score and the sum of each row. */
function largestAndSum(
  { context, rows, scale, call }: Part,
  {
    q,
    k,
    v,
    o,
  }: { readonly q: string; readonly k: string; readonly v?: string; readonly o: string },
  statistics: string | undefined,
): Kernel {
  const member = (call.results[0] as { readonly name: string }).name;
  const sweep: Sweep = {
    label: v === undefined ? `rows of ${o}` : o,
    member,
    rows,
    own: [{ name: 'q', value: q, factor: scale }],
    swept: [
      { name: 'k', value: k },
      ...(v === undefined ? [] : [{ name: 'v', value: v } satisfies RowsOf]),
    ],
    begin(source) {
      source.block.add(`var m = ${LOWEST};`, 'var l = 0.0f;');
      if (v !== undefined) source.accumulators('o');
    },
    each(source, block) {
      const fours = v === undefined ? [] : source.fours;
      block.add(
        `let s = select(vec4<f32>(${LOWEST}), ${source.dots('q', 'k')}, valid);`,
        'let top = max(max(s.x, s.y), max(s.z, s.w));',
        'if (top > m) {',
        '  let shrink = select(exp(m - top), 0.0f, l == 0.0f);',
        '  l *= shrink;',
        ...fours.map((four) => `  o_${four} *= shrink;`),
        '  m = top;',
        '}',
        'let p = select(vec4<f32>(), exp(s - m), valid);',
        'l += (p.x + p.y) + (p.z + p.w);',
      );
      if (v !== undefined) source.addRows('o', 'p', 'v', block);
    },
    end(source) {
      if (statistics !== undefined) {
        source.block.add(source.source.store(statistics, source.scalarPlace('line'), 'm'));
        source.block.add(source.source.store(statistics, source.scalarPlace('line', 1), 'l'));
      }
      if (v === undefined) return;
      for (const four of source.fours) source.block.add(`o_${four} /= l;`);
      source.storeRow(o, 'o');
    },
  };
  return sweepKernel(sweep, context);
}

function gradient(part: Part): readonly Kernel[] {
  const { context, rows, scale, call } = part;
  const [q, k, v, o, output] = call.operands as readonly [string, string, string, string, string];
  const [dq, dk, dv] = call.results.map(({ name }) => name) as [string, string, string];
  const known = sameScores(part) ? context.statistics.get(o) : undefined;
  const statistics = known ?? context.temporary(numbers(rows, 2));
  const inner = context.temporary(numbers(rows, 1));
  const queries: RowsOf = { name: 'q', value: q, factor: scale };
  const keys: RowsOf = { name: 'k', value: k };
  const values: RowsOf = { name: 'v', value: v };
  const cotangents: RowsOf = { name: 'g', value: output };

  const ofQueries: Sweep = {
    label: dq,
    member: dq,
    rows,
    own: [queries, cotangents],
    swept: [keys, values],
    begin(source) {
      source.hold({ name: 'o', value: o }, source.block);
      source.block.add(
        `let inner = ${source.fours.map((four) => `dot(g_${four}, o_${four})`).join(' + ')};`,
        `let m = ${source.source.load(statistics, source.scalarPlace('line'))};`,
        `let l = ${source.source.load(statistics, source.scalarPlace('line', 1))};`,
      );
      source.accumulators('dq');
    },
    each(source, block) {
      probabilities(source.dots('q', 'k'), block);
      block.add(`let ds = p * (${source.dots('g', 'v')} - inner);`);
      source.addRows('dq', 'ds', 'k', block);
    },
    end(source) {
      source.block.add(source.source.store(inner, source.scalarPlace('line'), 'inner'));
      source.storeRow(dq, 'dq', scale);
    },
  };
  const ofValues: Sweep = {
    label: dv,
    member: dq,
    rows,
    own: [keys],
    swept: [queries, cotangents],
    begin: (source) => source.accumulators('dv'),
    each(source, block) {
      ofFour(source, block, statistics, { m: 0, l: 1 }, rows);
      probabilities(source.dots('k', 'q'), block);
      source.addRows('dv', 'p', 'g', block);
    },
    end: (source) => source.storeRow(dv, 'dv'),
  };
  const ofKeys: Sweep = {
    label: dk,
    member: dq,
    rows,
    own: [keys, values],
    swept: [queries, cotangents],
    begin: (source) => source.accumulators('dk'),
    each(source, block) {
      ofFour(source, block, statistics, { m: 0, l: 1 }, rows);
      ofFour(source, block, inner, { inner: 0 }, rows);
      probabilities(source.dots('k', 'q'), block);
      block.add(`let ds = p * (${source.dots('v', 'g')} - inner);`);
      source.addRows('dk', 'ds', 'q', block);
    },
    end: (source) => source.storeRow(dk, 'dk'),
  };
  return [
    ...(known === undefined ? [largestAndSum(part, { q, k, o }, statistics)] : []),
    ...[ofQueries, ofValues, ofKeys].map((sweep) => sweepKernel(sweep, context)),
  ];
}

/** p of four scores, as softmax writes it; m and l are of the query. */
function probabilities(scores: string, block: Block): void {
  block.add(`let p = select(vec4<f32>(), exp(${scores} - m) / l, valid);`);
}

/** Brings numbers of the four rows that are met: a vec4 of each. */
function ofFour(
  source: SweepSource,
  block: Block,
  value: string,
  names: Readonly<Record<string, number>>,
  { length }: Rows,
): void {
  const lines = [0, 1, 2, 3].map((next) => `${Object.keys(names)[0]}_row${next}`);
  lines.forEach((line, next) => {
    block.add(`let ${line} = min(other + ${next}u, ${length - 1}u);`);
  });
  for (const [name, which] of Object.entries(names)) {
    const four = lines.map((line) => source.source.load(value, source.scalarPlace(line, which)));
    block.add(`let ${name} = vec4<f32>(${four.join(', ')});`);
  }
}

/** Whether o is the result of the same attention, so that its statistics are these scores'. */
function sameScores({ call, context }: Part): boolean {
  const made = context.graph.definition(call.operands[3] as string);
  return (
    made?.op === 'call' &&
    made.attributes.scale === call.attributes.scale &&
    made.operands.every((operand, index) => operand === call.operands[index])
  );
}

function numbers(
  { batches, length }: Rows,
  each: number,
): { readonly dtype: 'f32'; readonly count: number } {
  return { dtype: 'f32', count: each * batches * length };
}
