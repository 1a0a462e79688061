import type { Example } from '../../evaluation/index.js';
import type { DataProblem, RunManifest, StepEvaluation, StepMetrics } from '../../run/index.js';
import type { RunEvaluation } from './run-evaluation.js';
import type { MatrixInput } from './similarity.js';

/** Everything that a report shows; what a run has none of is left out. */
export interface ReportInput {
  readonly folder: string;
  readonly manifest: RunManifest;
  readonly metrics: readonly StepMetrics[];
  /** What the model was worth while it was trained. */
  readonly evaluations: readonly StepEvaluation[];
  readonly problems: readonly DataProblem[];
  readonly evaluation?: RunEvaluation;
  readonly retrieval?: MatrixInput;
  /** Whether the gallery's clips were trained on. */
  readonly galleryWasTrainedOn: boolean;
  readonly reconstructions: readonly Example[];
}
