export type { Aligner } from './aligner.js';
export { DEFAULT_CELLS } from './frame-cells.js';
export { fitFrame, resizeBicubic } from './resize.js';
export {
  makeSimilarityMaps,
  type SimilarityOptions,
  type SimilarityProgress,
  type SimilarityResult,
  similarityRecipe,
} from './similarity-maps.js';
export { openTower, type TowerOptions } from './tower/open-tower.js';
