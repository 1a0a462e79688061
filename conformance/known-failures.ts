import { z } from 'zod';
import { LacunaError } from '../spec/errors.js';

/**
 * A check that a subject is known not to pass. It runs all the same and stays in the count of what
 * did not pass; one that passes, or whose date is over, fails the run.
 */
export interface KnownFailure {
  readonly check: string;
  /** `known-flaky` may also pass. */
  readonly kind: 'known-failing' | 'known-flaky';
  readonly reason: string;
  /** Where it is followed up. */
  readonly issue?: string | undefined;
  /** The last day on which it is accepted, as 2027-06-30. */
  readonly until: string;
}

const SCHEMA = z
  .array(
    z.strictObject({
      check: z.string().max(200),
      kind: z.enum(['known-failing', 'known-flaky']),
      reason: z.string().min(10).max(500),
      issue: z.string().max(300).optional(),
      until: z.iso.date(),
    }),
  )
  .max(1000);

/** @throws LacunaError where the text is no list of known failures or names an unknown check. */
export function parseKnown(
  text: string,
  ids: readonly string[],
  where: string,
): readonly KnownFailure[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LacunaError({ where, what: 'the file is no JSON' }, { cause });
  }
  const parsed = SCHEMA.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
    throw new LacunaError({ where, what: 'the file lists no known failures', got: place });
  }
  const unknown = parsed.data.find(({ check }) => !ids.includes(check));
  if (unknown === undefined) return parsed.data;
  throw new LacunaError({ where, what: 'no check has this id', got: unknown.check });
}

/** What is wrong with a known failure, given what came of its check; undefined where nothing is. */
export function staleness(known: KnownFailure, passed: boolean, today: string): string | undefined {
  if (today > known.until) return `it was accepted until ${known.until} only: ${known.reason}`;
  if (passed && known.kind === 'known-failing') {
    return `it passes now: strike it off the known failures (${known.reason})`;
  }
  return undefined;
}
