/**
 * What a model is worth: one file an evaluator. In come a model and records; an evaluator knows
 * neither how the model was trained nor how its results are shown, and trains nothing itself.
 */
export { attentionMaps } from './attention-maps.js';
export { type Evaluator, evaluate, lackingFor, type Watch } from './evaluator.js';
export { EVALUATORS } from './evaluators.js';
export { extractFeatures, type Features } from './extract-features.js';
export {
  featureTensor,
  judgeProbe,
  type LabelledFeatures,
  type ProbeScores,
  probeClasses,
} from './linear-probe.js';
export { type Reconstruction, reconstruction } from './reconstruction.js';
export { clipFlops, type Retrieval, retrieval } from './retrieval.js';
