import { LacunaError } from '../../errors.js';
import type { Composite } from '../composite.js';
import { ADAMW } from './adamw.js';
import { ATTENTION, ATTENTION_GRAD } from './attention.js';
import { CROSS_ENTROPY, CROSS_ENTROPY_GRAD } from './cross-entropy.js';
import { GELU, GELU_GRAD } from './gelu.js';
import { LAYER_NORM, LAYER_NORM_GRAD } from './layer-norm.js';
import { SOFTMAX, SOFTMAX_GRAD } from './softmax.js';

const ALL = [
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  CROSS_ENTROPY,
  CROSS_ENTROPY_GRAD,
  GELU,
  GELU_GRAD,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  SOFTMAX,
  SOFTMAX_GRAD,
];

/** Every composite of the spec by name. */
export const COMPOSITES: ReadonlyMap<string, Composite> = new Map(
  ALL.map((composite) => [composite.name, composite as Composite]),
);

/** The composite of this name. @throws LacunaError where there is none. */
export function compositeNamed(name: string): Composite {
  const composite = COMPOSITES.get(name);
  if (composite === undefined) {
    throw new LacunaError({
      what: 'no composite has this name',
      got: name,
      expected: `one of ${[...COMPOSITES.keys()].join(', ')}`,
    });
  }
  return composite;
}
