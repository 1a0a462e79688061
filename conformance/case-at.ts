import fc from 'fast-check';
import type { NumericContract } from '../spec/contracts/index.js';
import { LacunaError } from '../spec/errors.js';
import { type CaseParameters, formatAddress } from './address.js';
import type { Case, Family } from './case.js';
import { caseInRange } from './in-range.js';

/** So many cases are drawn to learn how large the parameters of a family are. */
const DRAWN = 200;
/** Parameters may be so many times as large as the largest that were drawn. */
const SLACK = 4;
/** The seed of a case's data: it makes nothing larger. */
const SEED = 'draw';

/** The largest that was seen of a parameter. */
interface Extent {
  kind: string;
  /** Of a number its size; of a list the product of its numbers, so of a shape its elements. */
  size: number;
  /** Characters of a text, or entries of a list. */
  length: number;
}

const known = new WeakMap<Family, ReadonlyMap<string, Extent>>();

/**
 * The case that an address names, with data that the contract's products can read.
 *
 * @throws LacunaError for parameters that make no case, or one that is larger than any that is drawn.
 */
export function caseAt(
  family: Family,
  parameters: CaseParameters,
  contract: NumericContract,
): Case {
  requireDrawable(family, parameters);
  try {
    return caseInRange(family, parameters, contract);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    const where = formatAddress(family.id, parameters);
    throw new LacunaError({ where, what: 'these parameters make no case', got }, { cause });
  }
}

/**
 * Refuses parameters that are much larger than those that the family draws, before anything is made of
 * them: an address comes from a file or a command line, and a case of 60,000 x 60,000 would end the
 * process.
 *
 * @throws LacunaError naming the parameter.
 */
function requireDrawable(family: Family, parameters: CaseParameters): void {
  const extents = known.get(family) ?? extentsOf(family);
  known.set(family, extents);
  for (const [name, value] of Object.entries(parameters)) {
    const extent = extents.get(name);
    const { kind, size, length } = extentOf(value);
    const fits =
      extent !== undefined &&
      (extent.kind === kind || extent.kind === 'mixed') &&
      (name === SEED || size <= SLACK * extent.size) &&
      length <= SLACK * extent.length;
    if (fits) continue;
    throw new LacunaError({
      where: formatAddress(family.id, parameters).slice(0, 500),
      what:
        extent === undefined
          ? `these parameters make no case: there is no ${name} in it`
          : `these parameters make no case: none has such a ${name}`,
      got: JSON.stringify(value)?.slice(0, 100) ?? 'nothing',
      ...(extent === undefined
        ? {}
        : { expected: `a ${extent.kind} of the size that the suite draws` }),
    });
  }
}

function extentsOf({ parameters, sizes = [] }: Family): ReadonlyMap<string, Extent> {
  const extents = new Map<string, Extent>();
  for (const drawn of [...sizes, ...fc.sample(parameters, { seed: 1, numRuns: DRAWN })]) {
    for (const [name, value] of Object.entries(drawn)) {
      const own = extentOf(value);
      const before = extents.get(name) ?? own;
      extents.set(name, {
        kind: before.kind === own.kind ? own.kind : 'mixed',
        size: Math.max(before.size, own.size),
        length: Math.max(before.length, own.length),
      });
    }
  }
  return extents;
}

/** Lists may hold lists; a size that is not finite is above every other. */
function extentOf(value: CaseParameters[string]): Extent {
  if (typeof value === 'number') {
    return { kind: 'number', size: Number.isNaN(value) ? Infinity : Math.abs(value), length: 1 };
  }
  if (typeof value === 'string') return { kind: 'text', size: 1, length: value.length };
  if (!Array.isArray(value)) return { kind: typeof value, size: 1, length: 1 };
  const inner = value.map(extentOf);
  return {
    kind: 'list',
    size: inner.reduce((product, { size }) => product * Math.max(1, size), 1),
    length: inner.reduce((sum, { length }) => sum + Math.max(1, length), 1),
  };
}
