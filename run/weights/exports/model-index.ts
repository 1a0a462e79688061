import type { StepEvaluation } from '../../run-lines.js';
import type { RunTold } from './export-record.js';

/** What the Hub calls what an evaluator judges; anything else judges features. */
const TASKS: Readonly<Record<string, string>> = { classification: 'video-classification' };
/** What the Hub calls scores that it knows. */
const METRICS: Readonly<Record<string, string>> = { top1: 'accuracy' };

/**
 * The `model-index` of a card's front matter, as huggingface_hub's `ModelCard` reads it: the last scores of each evaluator,
 * each with its step and its protocol as `args`. Strings are those of JSON, which are strings of YAML.
 */
export function modelIndexLines({ name, judgedBy, record }: RunTold): readonly string[] {
  const last = new Map<string, StepEvaluation>();
  for (const each of record.evaluations) last.set(each.evaluator, each);
  if (last.size === 0) return [];
  const dataset = judgedBy ?? { list: 'not recorded' };
  const results = [...last.values()].flatMap(({ evaluator, scores, step, protocol }) => {
    const args = { step, ...(protocol === undefined ? {} : { protocol }) };
    return [
      '  - task:',
      `      type: ${text(TASKS[evaluator] ?? 'feature-extraction')}`,
      `      name: ${text(evaluator)}`,
      '    dataset:',
      `      type: ${text(dataset.list)}`,
      `      name: ${text(dataset.list)}`,
      ...(dataset.digest === undefined ? [] : [`      revision: ${text(dataset.digest)}`]),
      '    metrics:',
      ...Object.entries(scores).flatMap(([score, value]) => [
        `    - type: ${text(METRICS[score] ?? score)}`,
        `      name: ${text(`${evaluator} ${score}`)}`,
        `      value: ${Number.isFinite(value) ? numeral(value) : text(String(value))}`,
        `      args: ${JSON.stringify(args)}`,
      ]),
    ];
  });
  return ['model-index:', `- name: ${text(name)}`, '  results:', ...results];
}

/** PyYAML takes `1e-7` for a word, and `1.0e-7` for a number. */
const numeral = (value: number): string => String(value).replace(/^(-?\d+)e/, '$1.0e');
const text = (value: string): string => JSON.stringify(value);
