import fc from 'fast-check';
import { type CaseParameters, formatAddress } from '../address.js';
import { type Case, type Family, type FamilyOptions, family } from '../case.js';
import {
  beyondContract,
  type Check,
  type CheckOptions,
  type Finding,
  verdictOf,
} from '../check.js';
import { judgeCase, judgedShare, notPromised } from '../family-check.js';
import type { Subject } from '../subject.js';

/** Cases of one kind at sizes that are chosen, not drawn. */
export interface SizedFamily {
  readonly family: Family;
  /** What every run judges, in a moment. */
  readonly gate: readonly CaseParameters[];
  /** What `lacuna conform --real` judges beside it, in minutes. */
  readonly real: readonly CaseParameters[];
}

/** The sizes of a family: those of the gate, and those that take longer. */
export interface Sizes<P> {
  readonly gate: readonly P[];
  readonly real?: readonly P[];
}

/** A family at chosen sizes; `draw` becomes one of the parameters of its cases. */
export function sizedFamily<P extends CaseParameters>(
  id: string,
  { gate, real = [] }: Sizes<P>,
  make: (parameters: P & { readonly draw: number }) => Case,
  options: FamilyOptions<P & { readonly draw: number }> = {},
): SizedFamily {
  const drawn = fc.constantFrom(...gate).map((sizes) => ({ ...sizes, draw: 1 }));
  return { family: family(id, drawn, make, { ...options, sizes: [...gate, ...real] }), gate, real };
}

/** The check of a family at the sizes of the gate, or at those and the larger ones. */
export function sizedCheck({ family: own, gate, real }: SizedFamily, larger: boolean): Check {
  const sizes = larger ? [...gate, ...real] : gate;
  const { id, level, clauses } = own;
  const run = (subject: Subject, options: CheckOptions): Promise<Finding> =>
    runSizes(subject, own, sizes, options);
  return { id, level, clauses, family: own, run };
}

async function runSizes(
  subject: Subject,
  own: Family,
  sizes: readonly CaseParameters[],
  options: CheckOptions,
): Promise<Finding> {
  const { seed = 1 } = options;
  const refused = notPromised(own, subject.info.contract);
  if (refused !== undefined) return beyondContract(refused);
  let total = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  for (const each of sizes) {
    const parameters = { ...each, draw: seed };
    const found = await judgeCase(subject, own, parameters, options);
    if (found.verdict === 'unsupported') {
      return verdictOf('unsupported', `${formatAddress(own.id, parameters)}\n${found.reason}`);
    }
    total = {
      cases: total.cases + 1,
      elements: total.elements + found.elements,
      undecided: total.undecided + found.undecided,
      worstRatio: Math.max(total.worstRatio, found.worstRatio),
    };
    if (found.failure !== undefined) {
      return { ...total, verdict: 'fail', failure: found.failure };
    }
  }
  return { ...total, ...judgedShare(total, subject.info.contract, own.exemption) };
}
