export { attentionMaps } from './attention-maps.js';
export {
  type Checkpoint,
  CheckpointReader,
  lastGoodCheckpoint,
  writeCheckpoint,
} from './checkpoint.js';
export type { MotionConfig, PretrainConfig, PretrainSettings } from './config.js';
export { configJsonSchema } from './config-schema.js';
export {
  evaluateRetrieval,
  type Reconstruction,
  type Retrieval,
  reconstruct,
  untrained,
} from './evaluate.js';
export { extractFeatures, type Features } from './extract-features.js';
export {
  type LabelledFeatures,
  type LinearProbeOptions,
  type LinearProbeResult,
  linearProbe,
} from './linear-probe.js';
export { loadModel } from './load-model.js';
export { openAlignerWith } from './open-aligner.js';
export { openRunAligner } from './own-aligner.js';
export { parseConfig, withValue } from './parse-config.js';
export {
  type PretrainEvent,
  type PretrainOptions,
  type PretrainResult,
  pretrain,
  resumePretraining,
} from './pretrain.js';
export {
  type DataProblem,
  type RunManifest,
  readManifest,
  readMetrics,
  readProblems,
  type StepMetrics,
} from './run-folder.js';
export { dataRoot } from './run-list.js';
export type { TrainedModel } from './run-program.js';
export { modelState, resolveSettings, videoConfig as videoConfigOf } from './settings.js';
