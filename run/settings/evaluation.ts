import { z } from 'zod';
import { count, path, steps } from './section.js';

/** What the model is worth while it is trained: off unless this section is there. */
export interface EvaluationConfig {
  /** The list of held-out clips that it is judged by. */
  readonly list: string;
  /** The folder that the paths of that list start from. @defaultValue the list's own folder */
  readonly root?: string;
  /** Steps between two evaluations; one more comes after the last step. */
  readonly everySteps: number;
  /** How many clips of the list count, from its beginning. @defaultValue 64 */
  readonly clips?: number;
}

export const EVALUATION_SCHEMA: z.ZodType<EvaluationConfig> = z.strictObject({
  list: path,
  root: path.exactOptional(),
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
