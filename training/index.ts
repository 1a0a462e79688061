/**
 * The loop: batches in, steps, checkpoints and events out. What a run is lies in run/, what it is
 * worth in evaluation/.
 */
export {
  type PretrainEvent,
  type PretrainOptions,
  type PretrainResult,
  pretrain,
  resumePretraining,
} from './pretrain.js';
