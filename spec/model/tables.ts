import { LacunaError } from '../errors.js';
import { sinusoidTable } from './sinusoid.js';

/**
 * The table that an input of role `constant` names as its source: `sinusoid(1568,768)` is the
 * position table of 1,568 tokens and 768 values each, row by row.
 *
 * @throws LacunaError if no spec function of that name exists or its arguments are out of bounds.
 */
export function makeTable(source: string): Float32Array {
  const call = /^sinusoid\((\d{1,9}),(\d{1,9})\)$/.exec(source);
  if (call !== null) return sinusoidTable(Number(call[1]), Number(call[2]));
  throw new LacunaError({
    what: 'there is no spec function that makes this table',
    got: `'${source.slice(0, 80)}'`,
    expected: 'sinusoid(tokens,width)',
  });
}
