/**
 * What a model is worth: one file an evaluator. In come a model and records; an evaluator knows
 * neither how the model was trained nor how its results are shown.
 */
export { attentionMaps } from './attention-maps.js';
export { extractFeatures, type Features } from './extract-features.js';
export {
  type LabelledFeatures,
  type LinearProbeOptions,
  type LinearProbeResult,
  linearProbe,
} from './linear-probe.js';
export { type Reconstruction, reconstruct } from './reconstruction.js';
export { evaluateRetrieval, type Retrieval } from './retrieval.js';
