import type { Evaluator } from './evaluator.js';
import { reconstruction } from './reconstruction.js';
import { retrieval } from './retrieval.js';

/** Every evaluator that needs a model and clips alone, in the order in which results are shown. */
export const EVALUATORS: readonly Evaluator<unknown>[] = [retrieval, reconstruction];
