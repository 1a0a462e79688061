import { type ClipRecord, labelsInstead } from '../../data/index.js';
import { LacunaError } from '../../spec/errors.js';

/** Why a video gets no caption from its label. */
export const NO_LABEL = 'it has no label';

/** Refuses records from whose labels no caption can be made: none has one, or all are numbers. */
export function checkLabels(records: readonly ClipRecord[]): void {
  const labels = records.flatMap(({ label }) => (label === undefined ? [] : [label]));
  const [first] = labels;
  if (first === undefined) {
    const instead = records.map(labelsInstead).find((told) => told !== undefined);
    throw new LacunaError({
      what: 'none of the videos has a label to make captions of',
      ...(instead === undefined ? {} : { got: `a list that ${instead}` }),
      fix: 'Give a list with "label" on its lines, or with a folder --labels-from-folders.',
    });
  }
  if (labels.every((label) => /^\d+$/.test(label))) {
    throw new LacunaError({
      what: 'the labels are numbers, of which no caption can be made',
      got: JSON.stringify(first),
      expected: 'names of classes',
      fix: 'Give the names with --label-names FILE: one a line, that of label 0 first.',
    });
  }
}
