import type { Conversion, LayoutEntry } from './layout.js';

/** One tensor under both names. */
export function entry(
  ours: string,
  theirs: string,
  conversion: Conversion = 'same',
  more: Pick<LayoutEntry, 'plus' | 'leading'> = {},
): LayoutEntry {
  return { ours, theirs, conversion, ...more };
}

/** Weight and bias of one layer under both names. */
export function layer(ours: string, theirs: string): LayoutEntry[] {
  return ['weight', 'bias'].map((part) => entry(`${ours}.${part}`, `${theirs}.${part}`));
}
