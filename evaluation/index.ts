/**
 * What a model is worth: one file an evaluator. In come a model and records; an evaluator knows
 * neither how the model was trained nor how its results are shown, and trains nothing itself.
 */
export { attentionMaps } from './attention-maps.js';
export { type Classification, classify } from './classification.js';
export {
  classificationProtocol,
  type HeadResult,
  headResults,
  headScores,
  type Share,
  worstConfusions,
} from './classification-scores.js';
export { type ClipEmbeddings, embedClips, type Kept } from './embed-clips.js';
export { embedTexts } from './embed-texts.js';
export { EmbeddingCache } from './embedding-cache.js';
export { clipFlops } from './embedding-programs.js';
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
export { modelDigest } from './model-digest.js';
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
