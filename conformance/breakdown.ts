/**
 * A subject broke down on a case instead of refusing it: it died, hung, reported an error of its
 * own, or answered with something that is no answer. The case fails; others go on.
 */
export class Breakdown extends Error {
  override readonly name: string = 'Breakdown';
}

/** Nothing more can be asked of a subject: the rest of the run is not run, and the run is no success. */
export class SubjectLost extends Error {
  override readonly name: string = 'SubjectLost';
}
