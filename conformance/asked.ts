import type { Level } from './case.js';
import type { Check } from './check.js';

/** Which checks are asked for: those of which all of this is true. */
export interface Asked {
  /** Only checks whose id begins so. @defaultValue all */
  readonly filter?: string;
  /** Only checks of this level. @defaultValue all */
  readonly level?: Level;
  /** Only checks that hold a subject to this clause: its id, whole. @defaultValue all */
  readonly clause?: string;
}

/** Whether a check is asked for. */
export function isAsked(
  { id, level, clauses }: Pick<Check, 'id' | 'level' | 'clauses'>,
  asked: Asked,
): boolean {
  return (
    id.startsWith(asked.filter ?? '') &&
    (asked.level === undefined || asked.level === level) &&
    (asked.clause === undefined || clauses.includes(asked.clause))
  );
}

/** What is asked for, in words: `id primitive/, level 1, clause op.add`. */
export function askedInWords({ filter = '', level, clause }: Asked): string {
  return [
    ...(filter === '' ? [] : [`id ${filter}`]),
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(clause === undefined ? [] : [`clause ${clause}`]),
  ].join(', ');
}
