import type { StepEvaluation } from '../run/index.js';

/** What an evaluator found after a step, and how: `step 200: retrieval  text_to_video.r1 0.125  ... (...)`. */
export function evaluationLine({ step, evaluator, scores, protocol }: StepEvaluation): string {
  const numbers = Object.entries(scores).map(([name, value]) => `${name} ${rounded(value)}`);
  const how = protocol === undefined ? [] : [`(${protocol})`];
  return [`step ${step}: ${evaluator}`, ...numbers, ...how].join('  ');
}

/** At most four significant digits. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
