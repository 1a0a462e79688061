import type { Call, Shape } from '../../../../spec/program/index.js';
import type { AttentionCluster } from '../cluster.js';
import type { Kernel, KernelLimits } from '../kernel.js';
import type { KernelContext } from './context.js';
import { type Rows, type RowsOf, type Tiles, tilesKernel } from './score-tiles.js';
import type { Tiling } from './tiling.js';

/** Of heads this wide some rows, and those that they meet, still fit workgroup memory. */
const WIDEST = 64;
/** Below all scores. */
const LOWEST = '-3.4e38f';

/**
 * Whether a call is attention, or its gradient, whose scores are never to lie in memory: long, with
 * heads that are not too wide, as many keys as queries, and without a bias.
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
 * Attention without its matrix of scores (Dao et al., FlashAttention; Rabe and Staats): a workgroup has some
 * rows of the result and meets the others a tile at a time. The forward pass keeps the largest score m so far and
 * the sum l of exp(s - m), and shrinks what it has when m grows. For the gradient m and l of each row are
 * kept; scores are computed again, with the rule of `ATTENTION_GRAD`: once for dq, once for dk and dv together.
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
  { q, k, v, o }: Readonly<Record<'q' | 'k' | 'o', string>> & { readonly v?: string },
  statistics: string | undefined,
): Kernel {
  const member = (call.results[0] as { readonly name: string }).name;
  const tiles: Tiles = {
    label: v === undefined ? `rows of ${o}` : o,
    member,
    rows,
    own: [{ name: 'q', value: q, factor: scale }],
    swept: ['kv'],
    scores: v === undefined ? [] : ['p'],
    sums: v === undefined ? [] : ['o'],
    products: v === undefined ? 1 : 2,
    begin({ block, down }) {
      block.add(...down.flatMap((i) => [`var m_${i} = ${LOWEST};`, `var l_${i} = 0.0f;`]));
    },
    each(source, block) {
      const { down, across, fours, shape } = source;
      source.bring('kv', { name: 'k', value: k }, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('s', 'q', 'kv', block);
      source.columns(block);
      for (const i of down) {
        block.add(`var top_${i} = ${LOWEST};`);
        for (const j of across) {
          block.add(`top_${i} = max(top_${i}, select(${LOWEST}, s_${i}_${j}, there_${j}));`);
        }
      }
      source.acrossLanes('top', (a, b) => `max(${a}, ${b})`, block);
      for (const i of down) {
        block.add(
          `top_${i} = max(top_${i}, m_${i});`,
          `let shrink_${i} = select(exp(m_${i} - top_${i}), 0.0f, start == 0u);`,
          `m_${i} = top_${i};`,
          `l_${i} *= shrink_${i};`,
        );
        for (const j of across) {
          block.add(
            `let p_${i}_${j} = select(0.0f, exp(s_${i}_${j} - m_${i}), there_${j});`,
            `l_${i} += p_${i}_${j};`,
          );
        }
        if (v !== undefined) source.put('p', i, (j) => `p_${i}_${j}`, block);
        if (v !== undefined) block.add(...fours.map((x) => `o_${i}_${x} *= shrink_${i};`));
      }
      if (v !== undefined) {
        // All scores of the tile are made: its keys make room for its values.
        source.bring('kv', { name: 'v', value: v }, 'start', shape.columns, block);
        source.meet(block);
        source.addProduct('o', 'p', 'kv', block);
      }
      source.meet(block);
    },
    end(source) {
      const { block, down, fours } = source;
      // Each lane has summed its own columns.
      source.acrossLanes('l', (a, b) => `${a} + ${b}`, block);
      if (statistics !== undefined) {
        source.storeNumbers(statistics, 0, 'm');
        source.storeNumbers(statistics, 1, 'l');
      }
      if (v === undefined) return;
      block.add(...down.flatMap((i) => fours.map((x) => `o_${i}_${x} /= l_${i};`)));
      source.storeRows(o, 'o');
    },
  };
  return tilesKernel(tiles, context);
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

  const ofQueries: Tiles = {
    label: dq,
    member: dq,
    rows,
    own: [queries, cotangents],
    swept: ['kv'],
    scores: ['ds'],
    sums: ['dq'],
    products: 3,
    begin(source) {
      const { block, down } = source;
      source.meet(block);
      source.rowProducts('inner', 'g', o, block);
      for (const i of down) {
        const row = `first + lane_row + ${i}u`;
        block.add(`let m_${i} = ${source.number(statistics, 0, row, block)};`);
        block.add(`let l_${i} = ${source.number(statistics, 1, row, block)};`);
      }
    },
    each(source, block) {
      const { down, shape } = source;
      source.bring('kv', values, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('dp', 'g', 'kv', block);
      source.meet(block);
      // Keys come last: the sums of dq meet them once more.
      source.bring('kv', keys, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('s', 'q', 'kv', block);
      source.columns(block);
      for (const i of down) {
        const p = (j: number): string => probability(i, j, { m: `m_${i}`, l: `l_${i}` });
        source.put('ds', i, (j) => `${p(j)} * (dp_${i}_${j} - inner_${i})`, block);
      }
      source.meet(block);
      source.addProduct('dq', 'ds', 'kv', block);
      source.meet(block);
    },
    end(source) {
      source.storeNumbers(inner, 0, 'inner');
      source.storeRows(dq, 'dq', scale);
    },
  };
  const ofKeys: Tiles = {
    label: `${dk}, ${dv}`,
    member: dq,
    rows,
    own: [keys, values],
    swept: ['qg'],
    scores: ['w'],
    sums: ['dk', 'dv'],
    products: 4,
    begin: () => {},
    each(source, block) {
      const { down, across, shape } = source;
      source.bring('qg', queries, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('s', 'k', 'qg', block);
      source.columns(block);
      for (const j of across) {
        const of = { m: `m_${j}`, l: `l_${j}` };
        block.add(`let m_${j} = ${source.number(statistics, 0, `col_${j}`, block)};`);
        block.add(`let l_${j} = ${source.number(statistics, 1, `col_${j}`, block)};`);
        block.add(`let inner_${j} = ${source.number(inner, 0, `col_${j}`, block)};`);
        block.add(...down.map((i) => `let p_${i}_${j} = ${probability(i, j, of)};`));
      }
      for (const i of down) source.put('w', i, (j) => `p_${i}_${j}`, block);
      source.meet(block);
      source.bring('qg', cotangents, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('dp', 'v', 'qg', block);
      source.addProduct('dv', 'w', 'qg', block);
      source.meet(block);
      source.bring('qg', queries, 'start', shape.columns, block);
      for (const i of down) {
        source.put('w', i, (j) => `p_${i}_${j} * (dp_${i}_${j} - inner_${j})`, block);
      }
      source.meet(block);
      source.addProduct('dk', 'w', 'qg', block);
      source.meet(block);
    },
    end(source) {
      source.storeRows(dk, 'dk');
      source.storeRows(dv, 'dv');
    },
  };
  return [
    ...(known === undefined ? [largestAndSum(part, { q, k, o }, statistics)] : []),
    ...[ofQueries, ofKeys].map((tiles) => tilesKernel(tiles, context)),
  ];
}

/** p of a score, as softmax writes it; m and l are of its query. */
function probability(
  i: number,
  j: number,
  { m, l }: { readonly m: string; readonly l: string },
): string {
  return `select(0.0f, exp(s_${i}_${j} - ${m}) / ${l}, there_${j})`;
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
