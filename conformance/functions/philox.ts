import fc from 'fast-check';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers } from './exact.js';
import { exactCase } from './integer-functions.js';

type Words = readonly [number, number, number, number, number, number];

/** Counters and keys of the known answers of Random123, and those answers. */
const KNOWN: readonly (readonly [Words, readonly number[]])[] = [
  [
    [0, 0, 0, 0, 0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

/** Words where carries and signs go wrong. */
const EDGES = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** The three known answers and, after them, `rows` drawn counters and keys. */
function philoxCase({ rows, draw: seed }: { rows: number; draw: number }): Case {
  const stream = new RandomStream({ seed, stream: 'test' });
  const word = (): number =>
    stream.integer(3) === 0 ? (EDGES[stream.integer(EDGES.length)] as number) : stream.word();
  const addresses = [
    ...KNOWN.map(([words]) => words),
    ...Array.from({ length: rows }, (): Words => [word(), word(), word(), word(), word(), word()]),
  ];
  const count = addresses.length;
  const inputs = {
    counter: integers(
      addresses.flatMap((words) => words.slice(0, 4)),
      [count, 4],
    ),
    key: integers(
      addresses.flatMap((words) => words.slice(4)),
      [count, 2],
    ),
  };
  const drawn = exactCase({ function: 'random.philox', attributes: {} }, [inputs]);
  const expected: Case['expected'] = (given, contract) => {
    const { words, ...rest } = drawn.expected(given, contract);
    if (words === undefined || !('data' in words)) return rest;
    const data = words.data.slice();
    data.set(Int32Array.from(KNOWN.flatMap(([, answer]) => answer)));
    return { ...rest, words: { ...words, data } };
  };
  return { ...drawn, expected };
}

export const PHILOX_FAMILIES: readonly Family[] = [
  family(
    'function/random.philox',
    fc.record({ rows: fc.constantFrom(0, 1, 5, 16), draw }),
    philoxCase,
    { level: 3, clauses: ['random.philox'] },
  ),
];
