export { chanceRecall, probabilityByChance } from './chance.js';
export {
  type RetrievalInput,
  type RetrievalScores,
  retrievalScores,
  type TieRule,
} from './retrieval.js';
