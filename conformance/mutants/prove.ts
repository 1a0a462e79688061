import { LacunaError } from '../../spec/errors.js';
import type { Check, CheckOptions } from '../check.js';
import type { Mutant } from './mutant.js';

/** How a mutant was found out. */
export interface Kill {
  readonly mutant: string;
  readonly check: string;
  /** The smallest case that shows it, where it is a case. */
  readonly address?: string;
  /** How far out of bounds it was; absent where the subject refused or broke. */
  readonly ratio?: number;
  /** How many cases of the check it took, where it is made of cases. */
  readonly cases?: number;
}

/** How many cases a check gets before the next is tried, and when all were tried in vain. */
const CASES = [30, 200];

/** The first check that a mutant does not pass; undefined where it survives all that can see it. */
export async function kill(
  { name, open, seenBy }: Mutant,
  checks: readonly Check[],
): Promise<Kill | undefined> {
  for (const cases of CASES) {
    const tried = new Set<string>();
    // The checks that are not made of cases find nothing new in a second round.
    const able = cases === CASES[0] ? checks : checks.filter(({ family }) => family !== undefined);
    for (const prefix of cases === CASES[0] ? seenBy : seenBy.slice(0, 1)) {
      for (const check of able.filter(({ id }) => id.startsWith(prefix))) {
        if (tried.has(check.id)) continue;
        tried.add(check.id);
        const found = await killBy(name, open(), check, cases);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

/** What one check finds of a mutant. */
export async function killBy(
  mutant: string,
  subject: ReturnType<Mutant['open']>,
  check: Check,
  cases: number = 30,
): Promise<Kill | undefined> {
  const broken: Kill = { mutant, check: check.id };
  let [drawn, took]: [number, number | undefined] = [0, undefined];
  const onCase: CheckOptions['onCase'] = ({ result: { failure } }) => {
    drawn += 1;
    if (failure !== undefined) took ??= drawn;
  };
  try {
    const { verdict, failure } = await check.run(subject, { cases, onCase });
    if (verdict === 'pass' || verdict === 'vacuous') return undefined;
    if (failure === undefined) return broken;
    const { address, deviation } = failure;
    const ratio = deviation?.ratio;
    const far = ratio === undefined || !Number.isFinite(ratio) ? {} : { ratio };
    return { ...broken, address, ...far, ...(took === undefined ? {} : { cases: took }) };
  } catch (error) {
    // A mutant may break the interpreter itself; that shows it, too.
    if (error instanceof LacunaError || error instanceof Error) return broken;
    throw error;
  }
}
