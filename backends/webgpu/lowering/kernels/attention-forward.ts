import type { Call } from '../../../../spec/program/index.js';
import type { Kernel } from '../kernel.js';
import type { KernelContext } from './context.js';
import { tilesKernel } from './score-tiles.js';
import type { Rows, Tiles } from './tiles.js';

/** Below all scores. */
const LOWEST = '-3.4e38f';

/** Three arrays of a number a row: the largest score m, the sum of exp(s - m), and o . do. */
export const LARGEST = 0;
export const SUM = 1;
export const INNER = 2;

export function statisticsOf({ batches, length }: Rows): {
  readonly dtype: 'f32';
  readonly count: number;
} {
  return { dtype: 'f32', count: 3 * batches * length };
}

/** A call of attention, or of its gradient, for which kernels are written. */
export interface AttentionPart {
  readonly context: KernelContext;
  readonly rows: Rows;
  readonly scale: number;
  readonly call: Call;
}

/** The kernel of the result, which leaves the statistics of its rows where a gradient reads them. */
export function attentionForward(part: AttentionPart): Kernel {
  const { context, rows, call } = part;
  const [q, k, v] = call.operands as readonly [string, string, string];
  const o = (call.results[0] as { readonly name: string }).name;
  const isReadBack = context.graph
    .users(o)
    .some((user) => user.op === 'call' && user.operands[3] === o);
  const statistics = isReadBack ? context.temporary(statisticsOf(rows)) : undefined;
  if (statistics !== undefined) context.statistics.set(o, statistics);
  return largestAndSum(part, { q, k, v, o }, statistics);
}

/** The forward pass; without v, only the largest score and the sum of each row. */
export function largestAndSum(
  { context, rows, scale, call }: AttentionPart,
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
        source.storeNumbers(statistics, LARGEST, 'm');
        source.storeNumbers(statistics, SUM, 'l');
      }
      if (v === undefined) return;
      block.add(...down.flatMap((i) => fours.map((x) => `o_${i}_${x} /= l_${i};`)));
      source.storeRows(o, 'o');
    },
  };
  return tilesKernel(tiles, context);
}
