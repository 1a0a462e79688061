/** A statement of the specification, small enough to be broken or kept by itself. */
export interface Clause {
  /** Dotted and stable: `op.softmax.gradient`. */
  readonly id: string;
  /** The version of the specification that it is in since. */
  readonly since: string;
  readonly level: 'MUST' | 'SHOULD';
  readonly text: string;
  readonly formula?: string;
  /** The clauses that it stands on: where one of them is broken, this one says nothing new. */
  readonly needs: readonly string[];
  /** Paper, section or code that it comes from. */
  readonly source?: string;
}

/** A chapter of the specification. */
export interface Area {
  readonly title: string;
  readonly introduction: string;
  readonly clauses: readonly Clause[];
}

type Details = Partial<Pick<Clause, 'level' | 'formula' | 'needs' | 'source'>>;

/** A clause of version 1.0; MUST unless said otherwise. */
export function clause(id: string, text: string, details: Details = {}): Clause {
  return { id, since: '1.0', level: 'MUST', needs: [], text, ...details };
}
