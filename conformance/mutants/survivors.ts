/** Mutants that survive, and why that is right: they compute the same, or nothing can tell. */
export interface Survivor {
  readonly mutants: RegExp;
  readonly reason: string;
}

export const SURVIVORS: readonly Survivor[] = [];
