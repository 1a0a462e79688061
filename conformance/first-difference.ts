import type { HostData } from '../core/backend.js';

/** The first place at which two tensors have other bits; every NaN counts as the same. */
export function firstDifference(one: HostData, two: HostData): number | undefined {
  for (let i = 0; i < one.length; i++) {
    const a = one[i];
    const b = two[i];
    if (a === b ? a === 0 && !Object.is(a, b) : !Object.is(a, b)) return i;
  }
  return one.length === two.length ? undefined : one.length;
}
