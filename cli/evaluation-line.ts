import type { StepEvaluation } from '../run/index.js';

/** What an evaluator found after a step: `step 200: retrieval  text_to_video.r1 0.125  ...`. */
export function evaluationLine({ step, evaluator, scores }: StepEvaluation): string {
  const numbers = Object.entries(scores).map(([name, value]) => `${name} ${rounded(value)}`);
  return [`step ${step}: ${evaluator}`, ...numbers].join('  ');
}

/** At most four significant digits. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
