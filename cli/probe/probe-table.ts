import type { ProbeChoiceOutcome, ProbeOutcome } from '../../training/index.js';
import { percent, shareText } from '../share-text.js';

/** Classes of a confusion matrix that is printed whole; of more the commonest mistakes are named. */
const PRINTED_CLASSES = 12;
const PRINTED_MISTAKES = 10;

/** What a probe came to, as text: scores with intervals, the candidates, the confusion matrix, the protocol. */
export function probeTable(outcome: ProbeOutcome): string {
  const { scores, clips, classes, choice, interval, protocol } = outcome;
  const { top1, top5, trainTop1, chance, majority } = scores;
  const beyond = classes.length > 5 ? [`Top-5 accuracy: ${shareText(top5)}.`] : [];
  return [
    `Top-1 accuracy on ${clips.test} clips of ${classes.length} classes: ${shareText(top1)} ` +
      `(chance ${percent(chance)}, always the most frequent class ${percent(majority)}; ` +
      `on the clips that it learned from ${percent(trainTop1)}).`,
    ...beyond,
    `In brackets: the interval of ${interval}.`,
    ...(choice === undefined ? [] : ['', ...choiceLines(choice)]),
    '',
    ...confusionLines(outcome),
    '',
    `Protocol: ${protocol}.`,
  ].join('\n');
}

/** A candidate in words. */
export function candidateText({
  rate,
  decay,
  neighbours,
}: ProbeChoiceOutcome['candidates'][number]): string {
  return neighbours === undefined ? `rate ${rate}, decay ${decay}` : `${neighbours} neighbours`;
}

function choiceLines(choice: ProbeChoiceOutcome): readonly string[] {
  const { candidates, chosen, clips, highest, lowest, mean, deviation } = choice;
  return [
    `Candidates, top-1 on ${clips} clips of those to learn from: highest ${percent(highest)}, lowest ${percent(lowest)}, mean ${percent(mean)}, standard deviation ${(100 * deviation).toFixed(1)} points`,
    ...candidates.map(
      (candidate, index) =>
        `  ${percent(candidate.top1).padStart(8)}  ${candidateText(candidate)}${index === chosen ? '  (chosen)' : ''}`,
    ),
  ];
}

function confusionLines({ classes, confusion }: ProbeOutcome): readonly string[] {
  if (classes.length <= PRINTED_CLASSES) {
    const width = Math.max(...classes.map((name) => name.length), 4);
    const cells = new Map(
      confusion.map(({ right, named, clips }) => [`${right}\n${named}`, clips]),
    );
    const column = (text: string | number): string => String(text).padStart(6);
    return [
      'Confusion matrix: rows are the classes of clips, columns what they were named, in the same order',
      ...classes.map(
        (right) =>
          `  ${right.padEnd(width)}${classes.map((named) => column(cells.get(`${right}\n${named}`) ?? 0)).join('')}`,
      ),
    ];
  }
  const mistakes = confusion
    .filter(({ right, named }) => right !== named)
    .sort((a, b) => b.clips - a.clips);
  if (mistakes.length === 0) return ['No clip was named wrongly.'];
  return [
    `The commonest of ${mistakes.length} kinds of mistakes (all are in result.json):`,
    ...mistakes
      .slice(0, PRINTED_MISTAKES)
      .map(({ right, named, clips }) => `  ${String(clips).padStart(6)}  ${right} named ${named}`),
  ];
}
