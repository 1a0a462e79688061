import type { Family, Level } from './case.js';
import type { Deviation } from './judge.js';
import type { CaseResult, RunOptions } from './run-case.js';
import type { Subject } from './subject.js';

/** Something that a subject must get right, with one verdict. */
export interface Check {
  readonly id: string;
  readonly level: Level;
  /** The ids of the clauses (`spec/clauses`) that are broken where it fails. */
  readonly clauses: readonly string[];
  /** The cases, where it is made of cases: an address can then be made again. */
  readonly family?: Family;
  /** Whether it tells of every case that ran (`onCase`), so that a report has their outputs. @defaultValue false */
  readonly isRecorded?: true;
  /** Otherwise: the sizes that it reaches, in words. */
  readonly reaches?: string;
  readonly run: (subject: Subject, options: CheckOptions) => Promise<Finding>;
}

/** How hard to look. */
export interface CheckOptions extends RunOptions {
  /** What the cases are drawn from. @defaultValue 1 */
  readonly seed?: number;
  /** Cases of each family. @defaultValue 30 */
  readonly cases?: number;
  /** The path that a failure's replay gives: goes straight to its case. */
  readonly path?: string;
  /** Asks for no more than the verdict: a case that fails is neither made smaller nor diagnosed. @defaultValue false */
  readonly verdictOnly?: boolean;
  /** Told of every case that ran: what it was, and what the subject gave. */
  readonly onCase?: (record: CaseRecord) => void;
}

/** A case that ran. */
export interface CaseRecord {
  /** The id of the check. */
  readonly id: string;
  readonly address: string;
  readonly result: CaseResult;
}

/**
 * - `pass`: every case kept to its bounds, and enough of the elements could be judged.
 * - `fail`: one did not.
 * - `vacuous`: none failed, but too few elements could be judged, so that nothing is proven.
 * - `unsupported`: the subject says that it does not do this.
 * - `blocked`: what it stands on failed already, so that its own result would say nothing new.
 * - `not-run`: left out of this run.
 */
export const VERDICTS = ['pass', 'fail', 'vacuous', 'unsupported', 'blocked', 'not-run'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a check found. */
export interface Finding {
  readonly verdict: Verdict;
  readonly cases: number;
  /** Elements compared, and those of them whose bounds are too wide to prove anything. */
  readonly elements: number;
  readonly undecided: number;
  /** The largest ratio of error to bound that occurred. */
  readonly worstRatio: number;
  /** For all but `pass`: why. */
  readonly reason?: string;
  /** Of `unsupported`: the numeric contract promises nothing there, so nothing is missing. */
  readonly beyondContract?: true;
  readonly failure?: Failure;
}

/** A case that failed, made as small as it still fails. */
export interface Failure {
  /** What the case is made of. */
  readonly address: string;
  readonly what: string;
  readonly deviation?: Deviation;
  /** The path that goes straight to it, with the seed and the id of the check. */
  readonly path?: string;
  /** Whether it fails in float64 only. */
  readonly double?: true;
  /** The file that holds the text of its program, where one was written. */
  readonly program?: string;
  /** The known mistake whose results are nearest, where one is near. */
  readonly diagnosis?: string;
}

/** What the subject need not do, since its numeric contract promises nothing there. */
export function beyondContract(reason: string): Finding {
  return { ...verdictOf('unsupported', reason), beyondContract: true };
}

/** A finding without numbers. */
export function verdictOf(verdict: Verdict, reason?: string): Finding {
  const none = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  return { verdict, ...none, ...(reason === undefined ? {} : { reason }) };
}
