export { type CroppedView, cropFrameMap, type FrameCells } from './crop-map.js';
export {
  completeMaskConfig,
  drawMask,
  type MaskAddress,
  type MaskConfig,
  maskCounts,
} from './draw-mask.js';
export { type Grid, placesPerSlot, tokenCount } from './grid.js';
export {
  type MapName,
  type MaskDraw,
  type MaskKind,
  type MaskMap,
  TIES,
  type Ties,
} from './kind.js';
export { MASK_KIND_NAMES, MASK_KINDS, type MaskKindName } from './kinds.js';
export type { Mask } from './mask.js';
export { maskedCount, ROUNDINGS, type Rounding } from './rounding.js';
export {
  FRAME_AGGREGATIONS,
  type FrameAggregation,
  framesToSlots,
  quantizeSimilarity,
} from './similarity-map.js';
export {
  completeTextMaskConfig,
  type MaskedText,
  maskText,
  TEXT_MASK_MODES,
  TEXT_MASK_UNITS,
  type TextMaskConfig,
  type TextMaskMode,
  type TextMaskUnit,
  type TextMaskVocabulary,
} from './text-mask.js';
