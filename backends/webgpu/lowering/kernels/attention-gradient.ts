import type { Kernel } from '../kernel.js';
import {
  type AttentionPart,
  INNER,
  LARGEST,
  largestAndSum,
  SUM,
  statisticsOf,
} from './attention-forward.js';
import type { KernelContext } from './context.js';
import { tilesKernel } from './score-tiles.js';
import { type Rows, type RowsOf, type StoredScores, type Tiles, tileShape } from './tiles.js';

/** The kernels of dq, dk and dv: see `attentionKernels`. */
export function attentionGradient(part: AttentionPart): readonly Kernel[] {
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
  const tilesOfQueries = { rows, own: [], swept: ['k'], scores: ['ds'] };
  const ofQueries = (ds: StoredScores): Tiles => ({
    ...tilesOfQueries,
    label: dq,
    member: dq,
    met: ds.keys,
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
  const stored = tileShape(tilesOfKeys, context).rows;
  const scores = storedScores(rows, stored, tileShape(tilesOfQueries, context).columns, context);
  const written = [inner, ...scores.flatMap((ds) => [ofKeys(ds), ofQueries(ds)])];
  return [
    ...(known === undefined ? [largestAndSum(part, { q, k, o }, statistics)] : []),
    ...written.map((tiles) => tilesKernel(tiles, context)),
  ];
}

/**
 * The gradients of scores that lie in memory, one range of keys after the other in the same place: as many keys as the
 * tiling's bytes hold, whole tiles of both kernels, since the one that reads asks for all keys of a tile.
 *
 * @param stored Keys of a tile of the kernel that stores them.
 * @param read Keys of a tile of the kernel that reads them.
 */
function storedScores(
  { batches, length }: Rows,
  stored: number,
  read: number,
  { tiling, limits, temporary }: KernelContext,
): readonly StoredScores[] {
  let strip = stored;
  while (strip % read !== 0) strip += stored;
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
function sameScores({ call, context }: AttentionPart): boolean {
  const made = context.graph.definition(call.operands[3] as string);
  return (
    made?.op === 'call' &&
    made.attributes.scale === call.attributes.scale &&
    made.operands.every((operand, index) => operand === call.operands[index])
  );
}
