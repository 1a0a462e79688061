import fc from 'fast-check';
import { EMBEDDING_STARTS, type EmbeddingStart } from '../../spec/model/state.js';
import { RESIZES, type Resize } from '../../spec/model/transfer.js';
import { RandomStream } from '../../spec/random/index.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
import { integers } from './exact.js';
import { exactCase } from './integer-functions.js';

export interface StartDrawn {
  readonly start: EmbeddingStart;
  readonly inputs: number;
  readonly outputs: number;
  readonly count: number;
  readonly seed: number;
  readonly sample: number;
}

/** The first numbers of a weight. */
export function startCase(drawn: StartDrawn): Case {
  return exactCase({ function: 'state.start', attributes: { ...drawn } }, [{}]);
}

export interface ResizeDrawn {
  readonly kind: Resize;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly width: number;
  /** The largest value, in sixteenths. @defaultValue 128 */
  readonly most?: number;
  readonly draw: number;
}

/** A table of positions at another size. */
export function resizeCase({ kind, from, to, width, most = 128, draw: seed }: ResizeDrawn): Case {
  const isSlots = kind === 'slots';
  const [rows, toRows] = [from[0], to[0]];
  const [columns, toColumns] = isSlots ? [1, 1] : [from[1], to[1]];
  const stream = new RandomStream({ seed, stream: 'test' });
  const count = rows * columns * width;
  const values = Array.from({ length: count }, () => stream.integer(2 * most + 1) - most);
  const attributes = { kind, rows, columns, toRows, toColumns };
  const table = integers(values, [rows * columns, width]);
  return exactCase({ function: 'state.resize', attributes }, [{ table }]);
}

const side = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }));

export const START_FAMILIES: readonly Family[] = [
  family(
    'function/state.start',
    fc.record({
      start: fc.constantFrom(...EMBEDDING_STARTS),
      // Cubes of 2 x 16 x 16 and 16 x 16 pixels, widths of ViT-S, B and L, and what has no root.
      inputs: fc.constantFrom(1536, 768, 384, 1024, 7),
      outputs: fc.constantFrom(768, 384, 512, 5),
      count: fc.constantFrom(1, 4, 9, 64),
      seed: fc.maxSafeNat(),
      sample: draw,
    }),
    startCase,
    { level: 3, clauses: ['state.start'] },
  ),
  family(
    'function/state.resize',
    fc.record({
      kind: fc.constantFrom(...RESIZES),
      from: side,
      to: side,
      width: fc.constantFrom(1, 3),
      draw,
    }),
    resizeCase,
    { level: 3, clauses: ['state.resize'] },
  ),
];
