/**
 * What a run is on disk, and how a model comes back from it: settings, folder, checkpoints, what a
 * batch becomes, and programs opened with a model's state. In may come clips and files; whoever
 * trains, judges or teaches with a run stands above.
 */
export type { Aligner } from './aligner.js';
export {
  type Checkpoint,
  CheckpointReader,
  lastGoodCheckpoint,
  newestCheckpointStep,
  writeCheckpoint,
} from './checkpoint.js';
export {
  classifierConfig,
  finetuningOf,
  loadClassifier,
  type TrainedClassifier,
} from './classifier.js';
export { requireKnownLabels } from './feeds/clip-labels.js';
export { motionRequest } from './feeds/motion-request.js';
export { finetuningConfig } from './finetuning-config.js';
export { requireTeacherOf } from './held-to-manifest.js';
export { tableTensor } from './initialize.js';
export { inspect } from './inspect/inspect.js';
export { type InspectedTensor, type Inspection, numbersIn } from './inspect/inspection.js';
export { type LoadedModel, loadModel } from './load-model.js';
export type {
  FinetuneManifest,
  ProbeManifest,
  ProbeSettings,
  RunManifest,
  StageRecord,
} from './manifest.js';
export type { TrainedModel } from './open-program.js';
export {
  PROBE_HEADS,
  PROBE_RECIPES,
  type ProbeChoice,
  type ProbeHead,
  type ProbeRecipe,
  probeChoices,
} from './probe-recipes.js';
export {
  type DataProblem,
  readEvaluations,
  readManifest,
  readMetrics,
  readProblems,
  readTaskManifest,
  type StepEvaluation,
  type StepMetrics,
  taskOf,
} from './run-folder.js';
export { runLength } from './run-length.js';
export { dataRoot, readNamedList } from './run-list.js';
export { besides, type GivenPaths, placedPath, placedSettings } from './run-paths.js';
export { type RunState, type RunSummary, runState, summarizeRun } from './run-summary.js';
export { type RunListener, RunTail } from './run-tail.js';
export { DEFAULT_BACKEND } from './settings/backend.js';
export { type Capabilities, type Capability, capabilitiesOf } from './settings/capabilities.js';
export type { RunConfig, RunSettings } from './settings/config.js';
export { configJsonSchema } from './settings/config-schema.js';
export { type ListPair, listPair } from './settings/list.js';
export type { MotionConfig } from './settings/motion.js';
export { parseConfig, withValue } from './settings/parse-config.js';
export {
  modelConfig as modelConfigOf,
  modelState,
  resolveSettings,
  stagesOf,
  videoConfig as videoConfigOf,
} from './settings/settings.js';
export { newestStage } from './stages.js';
export { TUNING_NAMES, TUNINGS, type Tuning, type TuningName, tuningConfig } from './tuning.js';
export { untrained } from './untrained.js';
export {
  type ExamineOptions,
  examineWeights,
  type WeightExamination,
} from './weights/examine-weights.js';
export { type License, requireLicense } from './weights/exports/card-license.js';
export { writeExport } from './weights/exports/export-folder.js';
export { type ExportOptions, exportHuggingFace } from './weights/exports/export-huggingface.js';
export { type ExportRecord, runTold } from './weights/exports/export-record.js';
export { exportTorch } from './weights/exports/export-torch.js';
export { ExportedRun } from './weights/exports/exported-run.js';
export { modelCard } from './weights/exports/model-card.js';
export { EXPORT_MODEL_NAMES, type ExportModelName } from './weights/exports/models.js';
export { withWeights } from './weights/with-weights.js';
