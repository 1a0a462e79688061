import type { Named } from '../../core/backend.js';
import type { ClipRecord } from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import type { HeadClasses } from '../manifest.js';

/** The head of a list whose clips have one label each. */
const LABEL = 'label';

/** Letters of all classes: the manifest of a run holds them. */
const MOST_LETTERS = 400_000;

/** What a clip is labelled, by the name of the head that tells it. */
export function labelsOf({ label, labels = {} }: ClipRecord): Named<string> {
  return label === undefined ? labels : { [LABEL]: label };
}

/**
 * The heads that a list teaches, and the classes of each in the order of code points, numbers in theirs.
 *
 * @param where The list, for errors.
 * @throws LacunaError for a clip without a label that others have, and a head with one class alone.
 */
export function headsOf(records: readonly ClipRecord[], where: string): readonly HeadClasses[] {
  const classes = new Map<string, Set<string>>();
  for (const record of records) {
    for (const [head, label] of Object.entries(labelsOf(record)))
      classes.set(head, (classes.get(head) ?? new Set()).add(label));
  }
  if (classes.size === 0) classes.set(LABEL, new Set());
  requireLabels(records, [...classes.keys()], where);
  const letters = [...classes.values()].flatMap((found) => [...found]).join('').length;
  if (letters > MOST_LETTERS) {
    throw new LacunaError({
      where,
      what: 'the names of all classes are too long',
      got: `${letters} letters`,
      expected: `at most ${MOST_LETTERS}`,
      fix: 'Number the classes.',
    });
  }
  return [...classes].map(([name, found]) => {
    if (found.size < 2) {
      throw new LacunaError({
        where,
        what: `all clips have the same ${name}, so there is nothing to tell apart`,
        got: `"${[...found][0]}" alone`,
        fix: 'Give clips of another class, too.',
      });
    }
    return { name, classes: inOrder([...found]) };
  });
}

/**
 * Holds clips that a classifier is judged by to its heads.
 * @throws LacunaError for a clip without a label, or of a class that it was not taught.
 */
export function requireKnownLabels(
  records: readonly ClipRecord[],
  heads: readonly HeadClasses[],
  where: string,
): void {
  requireLabels(
    records,
    heads.map(({ name }) => name),
    where,
  );
  for (const { name, classes } of heads) {
    const known = new Set(classes);
    const strange = records.find((record) => !known.has(labelsOf(record)[name] ?? ''));
    if (strange === undefined) continue;
    throw new LacunaError({
      where,
      what: 'a clip to judge by is of a class that is not among those that are learned',
      got: `${strange.id} of "${labelsOf(strange)[name]}"`,
      expected: `one of ${classes.slice(0, 20).join(', ')}`,
      fix: 'Leave these clips out, or learn from clips of this class.',
    });
  }
}

function requireLabels(
  records: readonly ClipRecord[],
  heads: readonly string[],
  where: string,
): void {
  for (const head of heads) {
    const silent = records.filter((record) => labelsOf(record)[head] === undefined);
    if (silent.length === 0) continue;
    throw new LacunaError({
      where,
      what: `a classifier learns labels, and ${silent.length} of ${records.length} clips have no ${head}`,
      got: `${silent[0]?.id} without a ${head}`,
      expected: 'a key "label" on each line (or "labels" on each), or a VideoMAE list (path label)',
    });
  }
}

/** Whole numbers by their size, as lists count classes; names by code points. */
function inOrder(classes: readonly string[]): readonly string[] {
  const isNumbered = classes.every((each) => /^\d{1,9}$/.test(each));
  return isNumbered
    ? [...classes].sort((a, b) => Number(a) - Number(b))
    : [...classes].sort((a, b) => (a < b ? -1 : 1));
}
