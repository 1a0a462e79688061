export * from './accuracy.js';
export { chanceRecall, probabilityByChance } from './chance.js';
export {
  CONVENTION_NAMES,
  CONVENTIONS,
  type Convention,
  type ConventionName,
  type ConventionResult,
  type ConventionScores,
} from './conventions.js';
export { dualSoftmax } from './dual-softmax.js';
export {
  featureCosines,
  NEIGHBOUR_COUNTS,
  neighbourVotes,
  VOTE_TEMPERATURE,
} from './nearest-neighbours.js';
export {
  type BothPlacements,
  matrixRows,
  type Placements,
  placementsOf,
  type SimilarityRows,
} from './placements.js';
export { expectedRanks, fairScores, type RetrievalScores, retrievalScores } from './retrieval.js';
export { RightPairs } from './right-pairs.js';
