import fc from 'fast-check';
import { EMBEDDING_STARTS, type EmbeddingStart } from '../../spec/model/state.js';
import { type Case, type Family, family } from '../case.js';
import { draw } from '../generators/draws.js';
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
];
