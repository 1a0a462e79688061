import fc from 'fast-check';
import type { HostTensor, Named } from '../../core/backend.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers, judging } from './exact.js';
import { exactCase } from './integer-functions.js';

interface RankDrawn {
  readonly queries: number;
  readonly items: number;
  /** Different similarities that there are: few, so that they tie. */
  readonly levels: number;
  /** Recall is at this rank. */
  readonly k: number;
  readonly draw: number;
}

/** A matrix with ties; each query has a right item, and each item a query. */
function rankCase({ draw: seed, queries, items, levels, k }: RankDrawn): Case {
  const runs = [0, 1].map((replicate): Named<HostTensor> => {
    const stream = new RandomStream({ seed, stream: 'test', replicate });
    const similarity = Array.from({ length: queries * items }, () => stream.integer(levels) - 1);
    const right = new Uint8Array(queries * items);
    const set = (query: number, item: number): void => {
      right[query * items + item] = 1;
    };
    for (let query = 0; query < queries; query++) set(query, stream.integer(items));
    for (let item = 0; item < items; item++) set(stream.integer(queries), item);
    return {
      similarity: integers(similarity, [queries, items]),
      right: { dtype: 'u8', shape: [queries, items], data: right },
    };
  });
  return exactCase({ function: 'retrieval.rank', attributes: { k } }, runs);
}

const sizes = {
  queries: fc.constantFrom(3, 5),
  items: fc.constantFrom(2, 4, 7),
  levels: fc.constantFrom(1, 2, 3),
  draw,
};
const level = 3;

export const RANK_FAMILIES: readonly Family[] = [
  family(
    'function/retrieval.rank',
    fc.record({ ...sizes, k: fc.constant(1) }),
    (drawn) => judging(rankCase(drawn), (output) => output === 'rank'),
    { level, clauses: ['evaluation.rank'] },
  ),
  family(
    'function/retrieval.rank/recall',
    fc.record({ ...sizes, k: fc.constantFrom(1, 2, 5) }),
    (drawn) => judging(rankCase(drawn), (output) => output === 'recall'),
    { level, clauses: ['evaluation.recall'] },
  ),
];
