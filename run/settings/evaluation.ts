import { z } from 'zod';

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
  list: z.string().min(1).max(4096),
  root: z.string().min(1).max(4096).exactOptional(),
  everySteps: z.int().min(1).max(1e9),
  clips: z.int().min(1).max(100_000).exactOptional(),
});

/** The section with every choice made. */
export type EvaluationSettings = EvaluationConfig & { readonly clips: number };

export function evaluationSettings(own: EvaluationConfig): EvaluationSettings {
  return { clips: 64, ...own };
}
