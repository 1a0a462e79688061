/**
 * Frozen towers: similarity maps, caption embeddings and captioners, from ONNX files or from a run of
 * one's own. In come clips, captions and files; nothing here trains.
 */
export type { Aligner } from '../run/aligner.js';
export type { CaptionSource } from './captioning/caption-source.js';
export {
  type EndpointCaptionsOptions,
  endpointCaptions,
  endpointRequests,
  TGM_PROMPTS,
} from './captioning/endpoint/endpoint-captions.js';
export { LABEL_TEMPLATE, labelCaptions } from './captioning/label-captions.js';
export {
  type CaptionEvent,
  type CaptionResult,
  logOf,
  makeCaptions,
} from './captioning/make-captions.js';
export { type ModelCaptionsOptions, modelCaptions } from './captioning/model/model-captions.js';
export { DEFAULT_CELLS } from './frame-cells.js';
export { openAlignerWith } from './open-aligner.js';
export { openRunAligner } from './own-aligner.js';
export { fitFrame, resizeBicubic } from './resize.js';
export {
  makeSimilarityMaps,
  type SimilarityOptions,
  type SimilarityProgress,
  type SimilarityResult,
  similarityRecipe,
} from './similarity-maps.js';
export { openTower, type TowerOptions } from './tower/open-tower.js';
