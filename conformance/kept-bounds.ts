import type { Named } from '../core/backend.js';
import type { Bounds } from '../reference/index.js';
import type { Family } from './case.js';

/** Gives what is kept under a key, or makes it. */
export type KeepBounds = (key: string, make: () => Named<Bounds>) => Named<Bounds>;

/** Elements of bounds that are kept for one family, about 2 MB of them. */
const KEPT_ELEMENTS = 2 ** 16;

interface Kept {
  readonly bounds: Map<string, Named<Bounds>>;
  elements: number;
}

const families = new WeakMap<Family, Kept>();

/**
 * Keeps the legal results of a family's case for this process: a fleet of subjects under one contract is
 * judged by bounds that were derived once. What does not fit the family's room is made each time.
 */
export function keptBounds(family: Family, address: string): KeepBounds {
  const kept = families.get(family) ?? { bounds: new Map(), elements: 0 };
  families.set(family, kept);
  return (key, make) => {
    const whole = `${key} ${address}`;
    const known = kept.bounds.get(whole);
    if (known !== undefined) return known;
    const made = make();
    const elements = Object.values(made).reduce((sum, each) => sum + elementsOf(each), 0);
    if (kept.elements + elements <= KEPT_ELEMENTS) {
      kept.elements += elements;
      kept.bounds.set(whole, made);
    }
    return made;
  };
}

function elementsOf(allowed: Bounds): number {
  return 'value' in allowed ? allowed.value.length : allowed.data.length;
}
