/** The facts of an error that a person can act on. */
export interface ErrorFacts {
  /** What is wrong, as a short clause: `shapes of the operands differ`. */
  readonly what: string;
  /** Where: a value's name, a file and line, a configuration key. */
  readonly where?: string;
  readonly got?: string;
  readonly expected?: string;
  /** How to mend it, as a full sentence. */
  readonly fix?: string;
}

/**
 * An error with a cause that its reader can mend. The command line prints its message alone;
 * anything else that is thrown is a defect of Lacuna and prints its stack.
 */
export class LacunaError extends Error {
  override readonly name: string = 'LacunaError';
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(sentence(facts), options);
    this.facts = facts;
  }
}

function sentence({ what, where, got, expected, fix }: ErrorFacts): string {
  let text = where === undefined ? what : `${where}: ${what}`;
  if (got !== undefined) text += `; got ${got}`;
  if (expected !== undefined) text += `${got === undefined ? ';' : ','} expected ${expected}`;
  return fix === undefined ? `${text}.` : `${text}. ${fix}`;
}
