import { type ClipRecord, labelsInstead } from '../data/index.js';
import type { DataProblem } from '../run/run-folder.js';
import { RightPairs } from '../spec/index.js';
import type { TextChoice } from './retrieval-protocol.js';

/** The texts that are looked for, and the clips that are right for them. */
export interface RetrievalTexts {
  readonly texts: readonly string[];
  readonly pairs: RightPairs;
}

/** Why a clip has no text by this choice; undefined where it has one. */
export function withoutText(record: ClipRecord, choice: TextChoice): DataProblem | undefined {
  const { id, captions, label } = record;
  if (choice === 'labels') {
    if (label !== undefined) return undefined;
    const instead = labelsInstead(record);
    const more = instead === undefined ? '' : `; it ${instead}`;
    return { id, reason: `${id}: it has no label to ask for it${more}.` };
  }
  if (captions.length > 0) return undefined;
  return { id, reason: `${id}: it has no caption to ask for it.` };
}

/**
 * The texts of records that all have one (`withoutText`), in the order of the records; class names in
 * the order in which they come first.
 *
 * @param prompt What a class name is put into, at `{}`.
 */
export function retrievalTexts(
  records: readonly ClipRecord[],
  choice: TextChoice,
  prompt: string = '{}',
): RetrievalTexts {
  if (choice === 'labels') {
    const names = [...new Set(records.map(({ label = '' }) => label))];
    const rank = new Map(names.map((name, index) => [name, index]));
    const pairs = records.map(({ label = '' }, video) => [rank.get(label) ?? 0, video] as const);
    return {
      texts: names.map((name) => prompt.split('{}').join(wordsOf(name))),
      pairs: RightPairs.of(pairs, names.length, records.length),
    };
  }
  const each = records.map(({ captions }) => {
    if (choice === 'all') return captions;
    return choice === 'first' ? captions.slice(0, 1) : [captions.join(' ')];
  });
  const owners = each.flatMap((texts, video) => texts.map(() => video));
  return { texts: each.flat(), pairs: RightPairs.ofTexts(owners, records.length) };
}

/** A class name as words: `ApplyEyeMakeup` and `brush_hair` are files' names of them. */
function wordsOf(name: string): string {
  return name.replaceAll('_', ' ').replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ');
}
