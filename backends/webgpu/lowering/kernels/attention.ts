import type { Call, Shape } from '../../../../spec/program/index.js';
import type { AttentionCluster } from '../cluster.js';
import type { Kernel, KernelLimits } from '../kernel.js';
import type { KernelContext } from './context.js';
import {
  type Rows,
  type RowsOf,
  type StoredScores,
  type Tiles,
  tileShape,
  tilesKernel,
} from './score-tiles.js';
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
  // A tensor is in one buffer, and so are the scores of a strip of keys.
  const bytes = 4 * batch * heads * length * Math.max(width, attention.rows);
  const fits = bytes > 0 && bytes <= limits.bindingBytes;
  const [queries, keys] = call.operands.map((name) => shapeOf(name)?.[2]);
  return fits && queries === keys && length >= attention.from && width <= WIDEST;
}

/**
 * Attention without its matrix of scores (Dao et al., FlashAttention; Rabe and Staats): a workgroup has some
 * rows of the result and meets the others a tile at a time. The forward pass keeps the largest score m so far and
 * the sum l of exp(s - m), and shrinks what it has when m grows. For the gradient m and l of each row are
 * kept; scores p are computed again, with the rule of `ATTENTION_GRAD`, for dk and dv together. Their gradients
 * ds = p (dp - o . do) go to memory, those of so many keys at a time, and dq = ds k is summed from there: seven products of
 * the size of all scores, forward and backward, where dq by itself would compute p and dp again.
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
  const statistics = isReadBack ? context.temporary(statisticsOf(rows)) : undefined;
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

function gradient(part: Part): readonly Kernel[] {
  const { context, rows, scale, call } = part;
  const [q, k, v, o, output] = call.operands as readonly [string, string, string, string, string];
  const [dq, dk, dv] = call.results.map(({ name }) => name) as [string, string, string];
  const known = sameScores(part) ? context.statistics.get(o) : undefined;
  const statistics = known ?? context.temporary(statisticsOf(rows));
  const queries: RowsOf = { name: 'q', value: q, factor: scale };
  const keys: RowsOf = { name: 'k', value: k };
  const values: RowsOf = { name: 'v', value: v };
  const cotangents: RowsOf = { name: 'g', value: output };

  const inner: Tiles = {
    label: `o . do of ${dq}`,
    member: dq,
    rows,
    own: [cotangents],
    swept: [],
    scores: [],
    sums: [],
    products: 0,
    begin(source) {
      source.meet(source.block);
      source.rowProducts('inner', 'g', o, source.block);
    },
    end: (source) => source.storeNumbers(statistics, INNER, 'inner'),
  };
  const tilesOfKeys = { rows, own: [keys, values], swept: ['qg'], scores: ['w'] };
  const ofKeys = (ds: StoredScores): Tiles => ({
    ...tilesOfKeys,
    label: `${dk}, ${dv}`,
    member: dq,
    held: ds.keys,
    sums: ['dk', 'dv'],
    products: 4,
    begin: (source) => source.heldRows(source.block),
    each(source, block) {
      const { down, across, shape } = source;
      source.bring('qg', queries, 'start', shape.columns, block);
      source.meet(block);
      source.multiply('s', 'k', 'qg', block);
      source.columns(block);
      for (const j of across) {
        block.add(`let m_${j} = ${source.number(statistics, LARGEST, `col_${j}`, block)};`);
        block.add(`let l_${j} = ${source.number(statistics, SUM, `col_${j}`, block)};`);
        block.add(`let inner_${j} = ${source.number(statistics, INNER, `col_${j}`, block)};`);
        for (const i of down) {
          // As softmax writes it. What is beyond the last key is summed by dq: it is 0.
          const p = `exp(s_${i}_${j} - m_${j}) / l_${j}`;
          block.add(`let p_${i}_${j} = select(0.0f, ${p}, held_${i} && there_${j});`);
        }
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
        for (const j of across) {
          block.add(`let ds_${i}_${j} = p_${i}_${j} * (dp_${i}_${j} - inner_${j});`);
        }
        source.put('w', i, (j) => `ds_${i}_${j}`, block);
      }
      source.storeScores('ds', ds, block);
      source.meet(block);
      source.addProduct('dk', 'w', 'qg', block);
      source.meet(block);
    },
    end(source) {
      source.storeRows(dk, 'dk');
      source.storeRows(dv, 'dv');
    },
  });
  const ofQueries = (ds: StoredScores): Tiles => ({
    label: dq,
    member: dq,
    rows,
    met: ds.keys,
    own: [],
    swept: ['k'],
    scores: ['ds'],
    sums: ['dq'],
    products: 1,
    begin: () => {},
    each(source, block) {
      source.bring('k', keys, 'start', source.shape.columns, block);
      source.bringScores('ds', ds, 'start', block);
      source.meet(block);
      source.addProduct('dq', 'ds', 'k', block, 'own');
      source.meet(block);
    },
    // What the keys before have left is added to.
    end: (source) => source.storeRows(dq, 'dq', scale, ds.keys.from > 0),
  });
  const scores = storedScores(rows, tileShape(tilesOfKeys, context).rows, context);
  const written = [inner, ...scores.flatMap((ds) => [ofKeys(ds), ofQueries(ds)])];
  return [
    ...(known === undefined ? [largestAndSum(part, { q, k, o }, statistics)] : []),
    ...written.map((tiles) => tilesKernel(tiles, context)),
  ];
}

/**
 * The gradients of scores that lie in memory, one range of keys after the other in the same place: as many keys as the
 * tiling's bytes hold, whole strips of so many.
 */
function storedScores(
  { batches, length }: Rows,
  strip: number,
  { tiling, limits, temporary }: KernelContext,
): readonly StoredScores[] {
  const strips = Math.ceil(length / strip);
  const bytes = Math.min(tiling.attention.scoreBytes, limits.bindingBytes);
  const most = Math.max(1, Math.floor(bytes / (4 * batches * length * strip)));
  const ranges = Math.ceil(strips / most);
  const keys = strip * Math.ceil(strips / ranges);
  const value = temporary({ dtype: 'f32', count: batches * length * keys });
  return Array.from({ length: Math.ceil(length / keys) }, (_, range) => ({
    value,
    keys: { from: range * keys, to: (range + 1) * keys },
  }));
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

/** Three arrays of a number a row: the largest score, the sum of exp(s - m), and o . do. */
const [LARGEST, SUM, INNER] = [0, 1, 2] as const;

function statisticsOf({ batches, length }: Rows): {
  readonly dtype: 'f32';
  readonly count: number;
} {
  return { dtype: 'f32', count: 3 * batches * length };
}
