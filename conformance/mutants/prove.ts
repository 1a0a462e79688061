import { LacunaError } from '../../spec/errors.js';
import type { Check } from '../check.js';
import type { Mutant } from './mutant.js';

/** How a mutant was found out. */
export interface Kill {
  readonly mutant: string;
  readonly check: string;
  /** The smallest case that shows it, where it is a case. */
  readonly address?: string;
  /** How far out of bounds it was; absent where the subject refused or broke. */
  readonly ratio?: number;
}

/** How many cases a check gets before the next is tried. */
const CASES = 30;

/** The first check that a mutant does not pass; undefined where it survives all that can see it. */
export async function kill(
  { name, open, seenBy }: Mutant,
  checks: readonly Check[],
): Promise<Kill | undefined> {
  const tried = new Set<string>();
  for (const prefix of seenBy) {
    for (const check of checks.filter(({ id }) => id.startsWith(prefix))) {
      if (tried.has(check.id)) continue;
      tried.add(check.id);
      const found = await killBy(name, open(), check);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

async function killBy(
  mutant: string,
  subject: ReturnType<Mutant['open']>,
  check: Check,
): Promise<Kill | undefined> {
  const broken: Kill = { mutant, check: check.id };
  try {
    const { verdict, failure } = await check.run(subject, { cases: CASES });
    if (verdict === 'pass' || verdict === 'vacuous') return undefined;
    if (failure === undefined) return broken;
    const { address, deviation } = failure;
    const ratio = deviation?.ratio;
    const far = ratio === undefined || !Number.isFinite(ratio) ? {} : { ratio };
    return { ...broken, address, ...far };
  } catch (error) {
    // A mutant may break the interpreter itself; that shows it, too.
    if (error instanceof LacunaError || error instanceof Error) return broken;
    throw error;
  }
}
