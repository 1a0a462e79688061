import { LacunaError } from '../errors.js';
import type { Area, Clause } from './clause.js';
import { CONTRACT } from './contract.js';
import {
  EVALUATION,
  FINETUNING,
  MASKING,
  MODEL,
  OBJECTIVES,
  OPTIM,
  RANDOM,
  RELATIONS,
  TRAINING,
} from './method.js';
import { OPERATIONS } from './operations.js';

export type { Area, Clause } from './clause.js';

/** The specification, chapter by chapter. */
export const AREAS: readonly Area[] = [
  OPERATIONS,
  CONTRACT,
  RANDOM,
  MASKING,
  MODEL,
  OBJECTIVES,
  OPTIM,
  TRAINING,
  FINETUNING,
  RELATIONS,
  EVALUATION,
];

export const CLAUSES: readonly Clause[] = AREAS.flatMap(({ clauses }) => clauses);

const BY_ID = new Map(CLAUSES.map((clause) => [clause.id, clause]));

/** @throws LacunaError for an id that no clause has. */
export function clauseNamed(id: string): Clause {
  const clause = BY_ID.get(id);
  if (clause === undefined) throw new LacunaError({ what: 'no clause has this id', got: id });
  return clause;
}
