/**
 * Clips, captions and tokenizers, read from files of strangers with bounds on every length. In come
 * paths; out come frames, tokens and similarity maps. What a model makes of them is not known here.
 */
export type { ClipPart } from './annotations/clip-part.js';
export {
  type ClipList,
  type ClipRecord,
  jsonLine,
  labelsInstead,
  recordLine,
} from './annotations/clip-record.js';
export {
  askedOf,
  type ClipListOptions,
  requireNothingAsked,
} from './annotations/gather-clips.js';
export { readJsonLines } from './annotations/json-lines.js';
export { named, readLabelNames } from './annotations/label-names.js';
export { MAX_CAPTION_LENGTH, MAX_CAPTIONS, MAX_LINE_BYTES } from './annotations/limits.js';
export { listFolder, type VideoFolder } from './annotations/list-folder.js';
export { parquetFactsOf } from './annotations/parquet.js';
export { readClipList } from './annotations/read-clip-list.js';
export { readLines } from './annotations/read-lines.js';
export { captionsOf, LABEL_NAME } from './annotations/record-fields.js';
export { isSplitFile } from './annotations/told-splits.js';
export { readVideoMaeList } from './annotations/video-mae-list.js';
export { wholeVideos } from './annotations/whole-videos.js';
export { writeClipList } from './annotations/write-clip-list.js';
export { augmentClip, augmentFrame, type ClipAugmentation } from './augmentation/augment-clip.js';
export {
  checkDataSet,
  type DataSetCheck,
  type DuplicateVideos,
  type SharedPart,
} from './check/check-data-set.js';
export type { VideoFacts } from './check/inspect-video.js';
export { DEMO_VERSIONS, type DemoVersion } from './demo/demo-options.js';
export { drawDemoData } from './demo/draw-demo-data.js';
export { loadClipEncoder } from './demo/encode-clip.js';
export { type DemoData, makeDemoData } from './demo/make-demo-data.js';
export { MIXINGS, type Mixing } from './loader/batch-places.js';
export { checkDataFolder } from './loader/check-data-folder.js';
export { type Clip, missingNote } from './loader/clip.js';
export type {
  BatchSample,
  ClipBatch,
  LoaderPosition,
  LoaderStatistics,
  SkippedSample,
} from './loader/clip-batch.js';
export { ClipLoader } from './loader/clip-loader.js';
export { ClipReader, type ClipReaderOptions, type EvaluationClip } from './loader/clip-reader.js';
export { epochOrder } from './loader/epoch-order.js';
export {
  type BatchRows,
  type ClipLoaderOptions,
  type ClipSource,
  framesAhead,
} from './loader/loader-options.js';
export type { FlowFile } from './motion/flow-file.js';
export { FlowModel } from './motion/flow-model.js';
export { CAMERA_MOTIONS, type CameraMotion } from './motion/motion-map.js';
export {
  type ClipMotion,
  MOTION_SOURCES,
  type MotionRequest,
  type MotionSource,
  readWithMotion,
} from './motion/motion-request.js';
export { centreCrop } from './sampling/centre-crop.js';
export {
  type ClipSampling,
  captionChoice,
  evaluationClip,
  type FrameSpan,
  type SampleAddress,
  trainingClip,
} from './sampling/clip-sampling.js';
export { centreDenseClip, type DenseClip, denseClip } from './sampling/dense-clip.js';
export { keyFrames } from './sampling/key-frames.js';
export {
  multiScaleCrop,
  multiScaleCropBoxes,
  multiScaleCropSizes,
} from './sampling/multi-scale-crop.js';
export { partSpan } from './sampling/part-span.js';
export { type SegmentClip, segmentClip, segmentTestClip } from './sampling/segment-clip.js';
export {
  type ClipViews,
  cutViews,
  shortSideSize,
  viewClips,
  viewFrames,
} from './sampling/view-clips.js';
export { listFile } from './shards/list-file.js';
export {
  type IndexedShards,
  indexShards,
  type MadeShards,
  makeShards,
} from './shards/make-shards.js';
export {
  PICTURE_FORMATS,
  type PictureFormat,
  SHARD_CONTENTS,
  type ShardContent,
  type ShardRecipe,
} from './shards/shard-recipe.js';
export type { ShardProblem } from './shards/write-shard.js';
export { clipSimilarity } from './similarity/clip-similarity.js';
export { DEFAULT_FRAME_STRIDE, nearestStored, storedFrames } from './similarity/frame-stride.js';
export type { EntryHeader, SimilarityEntry } from './similarity/similarity-entry.js';
export {
  type EntryState,
  SIMILARITY_FORMS,
  type SimilarityRecipe,
  SimilarityStore,
} from './similarity/similarity-store.js';
export { encodeBatch, type TokenBatch } from './tokenizer/encode-batch.js';
export { createTokenizer, type Tokenizer } from './tokenizer/tokenizer.js';
export type { TokenizerDefinition } from './tokenizer/tokenizer-definition.js';
export {
  MAX_TOKENIZER_BYTES,
  readTokenizer,
  tokenizerText,
  writeTokenizer,
} from './tokenizer/tokenizer-files.js';
export { trainBpe } from './tokenizer/train-bpe.js';
export {
  type DataRoot,
  dataRootOf,
  fileInRoot,
  rootFolder,
  videoInRoot,
} from './video/data-root.js';
export { videoBackend } from './video/video-backend.js';
export { videoBytes, videoDigest } from './video/video-file.js';
export type { VideoPath } from './video/video-path.js';
export type {
  CropBox,
  FrameRequest,
  FrameSize,
  Frames,
  VideoBackend,
  VideoBackendName,
  VideoInfo,
  VideoReader,
} from './video/video-reader.js';
