import fc from 'fast-check';
import type { FunctionAttributes } from '../../protocol/function-call.js';
import { type Family, family } from '../case.js';
import { exactCase } from './integer-functions.js';
import { address } from './masks.js';

/** Stand-ins of a clip have the replicates up to here; a repeat draws 4,096 further on. */
const replicate = fc.constantFrom(0, 1, 4095, 5000);
const repeat = fc.constantFrom(1, 2, 15);
const strength = {
  layers: fc.constantFrom(1, 2, 4, 8),
  magnitude: fc.constantFrom(0, 5, 7, 10),
  deviation: fc.constantFrom(0, 0.5, 3),
};
const level = 3;

export const AUGMENTATION_FAMILIES: readonly Family[] = [
  family(
    'function/augment.draw',
    fc.record({ ...strength, ...address, replicate, repeat: fc.constant(0) }),
    (attributes: FunctionAttributes) => exactCase({ function: 'augment.draw', attributes }, [{}]),
    { level, clauses: ['finetuning.rand_augment'] },
  ),
  family(
    'function/augment.draw/repeats',
    fc.record({ ...strength, ...address, replicate, repeat }),
    (attributes: FunctionAttributes) => exactCase({ function: 'augment.draw', attributes }, [{}]),
    { level, clauses: ['finetuning.repeats'] },
  ),
  family(
    'function/erase.draw',
    fc.record({
      probability: fc.constantFrom(0.25, 1, 1),
      size: fc.constantFrom(2, 16, 64, 224),
      ...address,
      replicate,
      repeat: fc.constantFrom(0, 1),
    }),
    (attributes: FunctionAttributes) => exactCase({ function: 'erase.draw', attributes }, [{}]),
    { level, clauses: ['finetuning.erasing'] },
  ),
];
