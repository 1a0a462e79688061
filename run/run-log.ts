import type { StepEvaluation, StepMetrics } from './run-lines.js';

/** What a run tells another program while it is trained. */
export interface RunLog {
  addMetrics(line: StepMetrics): Promise<void>;
  addEvaluation(line: StepEvaluation): Promise<void>;
  /** Before a checkpoint: makes durable what was told. */
  sync(): Promise<void>;
  /** Drops what was told of steps after `step`, which are done again. */
  cut(step: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The numbers of a step by the tags of other programs: `train/` and the name of a metric,
 * `train/learning_rate`, `train/epoch`, `seconds/step`, `seconds/wait`.
 */
export function stepTags(line: StepMetrics): Readonly<Record<string, number>> {
  const { epoch, metrics, learningRate, stepSeconds, waitSeconds } = line;
  return {
    ...prefixed('train', metrics),
    'train/learning_rate': learningRate,
    'train/epoch': epoch,
    'seconds/step': stepSeconds,
    'seconds/wait': waitSeconds,
  };
}

/** The scores of an evaluation by tags: the name of its evaluator, `/`, and that of a score. */
export function scoreTags({ evaluator, scores }: StepEvaluation): Readonly<Record<string, number>> {
  return prefixed(evaluator, scores);
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]),
  );
}
