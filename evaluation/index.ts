/**
 * What a model is worth: one file an evaluator. In come a model and records; an evaluator knows
 * neither how the model was trained nor how its results are shown, and trains nothing itself.
 */
export { attentionMaps } from './attention-maps.js';
export { type Classification, classify } from './classification.js';
export {
  type CombinedResult,
  classificationProtocol,
  combinedResult,
  type HeadResult,
  headResults,
  headScores,
  worstConfusions,
} from './classification-scores.js';
export {
  ALIGNED_VECTORS,
  type ClipVectors,
  FEATURE_VECTORS,
  TOKEN_VECTORS,
} from './clip-vectors.js';
export {
  type ConfusedClip,
  type ConfusedVideo,
  confusedClips,
  confusedVideos,
} from './confused-clips.js';
export {
  requireHolds,
  VECTOR_FORMATS,
  VECTORS,
  type VectorFormat,
  vectorFormat,
  writeVectors,
} from './embed/vector-file.js';
export {
  CAPTION_TITLE,
  captionRows,
  clipRows,
  VECTOR_KINDS,
  type VectorKind,
  type VectorName,
  type VectorRows,
} from './embed/vector-rows.js';
export { type ClipEmbeddings, embedClips, embedEach, type Kept } from './embed-clips.js';
export { embedTexts } from './embed-texts.js';
export { EmbeddingCache, type EmbeddingKey } from './embedding-cache.js';
export { clipFlops } from './embedding-programs.js';
export { type Evaluator, evaluate, lackingFor, type Watch } from './evaluator.js';
export { EVALUATORS } from './evaluators.js';
export { extractFeatures, type Features, requireSome } from './extract-features.js';
export { modelDigest } from './model-digest.js';
export { type Example, figure, type Strip, strips } from './pictures.js';
export {
  type FeatureSet,
  featureSize,
  featureSubset,
  featuresInMemory,
  type LabelledFeatures,
  places,
  probeClasses,
  refuseNotFinite,
} from './probe/feature-set.js';
export { featureTensor, judgeHeads } from './probe/judge-heads.js';
export {
  type Confusion,
  classNumbers,
  confusion,
  type Judged,
  judgedScores,
  type ProbeScores,
  probeScores,
  shareOf,
} from './probe/judged.js';
export { nearestNeighbours, neighbourVerdicts } from './probe/nearest-neighbours.js';
export { extremeQueries, type QueryAnswers } from './query-answers.js';
export { type Reconstruction, reconstruction } from './reconstruction.js';
export {
  type Retrieval,
  type RetrievalOptions,
  retrieval,
  retrievalWith,
} from './retrieval.js';
export {
  protocolDifferences,
  protocolText,
  type RetrievalProtocol,
  TEXT_CHOICES,
  type TextChoice,
} from './retrieval-protocol.js';
export { type IndexOutcome, type IndexVideosOptions, indexVideos } from './search/index-videos.js';
export { type SearchHit, searchIndex, segmentStart } from './search/search-index.js';
export {
  type IndexedVideo,
  readVideoIndex,
  type VideoIndex,
  writeVideoIndex,
} from './search/video-index.js';
