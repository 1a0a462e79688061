import { z } from 'zod';
import { LIST_KEYS, type ListConfig } from './list.js';
import { count, steps } from './section.js';

/** The held-out clips that the model is judged by while it is trained: off unless this section is there. */
export interface EvaluationConfig extends ListConfig {
  /** Steps between two evaluations; one more comes after the last step. */
  readonly everySteps: number;
  /** How many clips of the list count, from its beginning. @defaultValue 64 */
  readonly clips?: number;
}

export const EVALUATION_SCHEMA: z.ZodType<EvaluationConfig> = z.strictObject({
  ...LIST_KEYS,
  everySteps: steps,
  clips: count.exactOptional(),
});

/** The section with every choice made. */
export type EvaluationSettings = EvaluationConfig & { readonly clips: number };

export function resolveEvaluation(own: EvaluationConfig | undefined): {
  readonly evaluation?: EvaluationSettings;
} {
  return own === undefined ? {} : { evaluation: { clips: 64, ...own } };
}
