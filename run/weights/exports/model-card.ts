import type { StepEvaluation } from '../../run-lines.js';
import { type License, licenseLines } from './card-license.js';
import type { RunTold } from './export-record.js';
import { modelIndexLines } from './model-index.js';

/** What a card says that no run knows. */
export interface CardOptions extends License {
  /** The version of Lacuna. */
  readonly version: string;
}

/** The page of a model: what it is, how it is loaded, what it was worth, under which licence. */
export interface Card {
  readonly title: string;
  /** Lines of the front matter beside the licence. */
  readonly matter: readonly string[];
  /** How it is loaded, as code. */
  readonly code: string;
  readonly language: string;
  /** Sentences on what the code does not show. */
  readonly notes: readonly string[];
}

/** `README.md` of an export, in the Hub's form: front matter, then Markdown. */
export function modelCard(
  { title, matter, code, language, notes }: Card,
  told: RunTold,
  options: CardOptions,
): string {
  const { record, made } = told;
  const { license, version } = options;
  const { leftOut, evaluations, step } = record;
  const out =
    leftOut.count === 0
      ? ['Every tensor of the run is in it.']
      : [
          `Not in it, since this format has no place for them (${leftOut.count} tensors):`,
          '',
          ...leftOut.names.map((name) => `- \`${name}\``),
        ];
  const lines = [
    '---',
    ...licenseLines(options),
    ...matter,
    'tags:',
    '- lacuna',
    ...modelIndexLines(told),
    '---',
    '',
    `# ${title}`,
    '',
    `${made} with Lacuna ${version}, ${step} steps. \`lacuna.json\` has every setting of the run, the digest of`,
    'each file and what it was worth; `metrics.jsonl` has the losses.',
    '',
    ...(license === undefined
      ? [
          'No licence was stated when this was written: ask whoever published it before using it.',
          '',
        ]
      : []),
    '## Load it',
    '',
    `\`\`\`${language}`,
    code,
    '```',
    '',
    ...notes.map((note) => `- ${note}`),
    '',
    '## What it was worth',
    '',
    ...(evaluations.length === 0 ? ['The run was not judged.'] : evaluations.map(evaluationLine)),
    '',
    '## What is left out',
    '',
    ...out,
  ];
  return `${lines.join('\n')}\n`;
}

function evaluationLine({ step, evaluator, scores, protocol }: StepEvaluation): string {
  const values = Object.entries(scores).map(([name, value]) => `${name} ${+value.toPrecision(4)}`);
  const how = protocol === undefined ? 'its protocol was not recorded' : protocol;
  return `- ${evaluator} after ${step} steps: ${values.join(', ')} (${oneLine(how)})`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
