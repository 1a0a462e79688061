/**
 * What can be trained, a file a task. A task says what a step computes and is fed, and opens the run
 * folder; how steps follow each other is the loop's. In come settings, data and a backend.
 */

export {
  type FinetuneChanges,
  type FinetuneEvent,
  type FinetuneOptions,
  type FinetuneResult,
  finetune,
  resumeFinetuning,
} from './finetune.js';
export {
  type LinearProbeOptions,
  type LinearProbeResult,
  linearProbe,
} from './linear-probe.js';
export {
  type PretrainEvent,
  type PretrainOptions,
  type PretrainResult,
  pretrain,
  resumePretraining,
} from './pretrain.js';
export {
  type ProbeEvent,
  type ProbeOptions,
  type ProbeResult,
  probe,
  resumeProbe,
} from './probe.js';
export {
  type ProbeChoiceOutcome,
  type ProbeOutcome,
  readProbeOutcome,
} from './probe-result.js';
export type { ResumeChanges } from './resume-changes.js';
