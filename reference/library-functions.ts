import type { FunctionName } from '../spec/program/index.js';
import { erf } from './erf.js';

/** A function of one number, as the arithmetics need it. */
export interface LibraryFunction {
  /** Its value in float64. */
  readonly value: (x: number) => number;
  /** To first order, what changes in the value y at x where x changes by dx. */
  readonly change: (x: number, y: number, dx: number) => number;
  /** The least and the greatest value of arguments in [low, high], all of which have one. */
  readonly range: (low: number, high: number) => readonly [least: number, greatest: number];
}

/** The functions that libraries approximate. The table has an entry for each, or does not compile. */
export const LIBRARY: { readonly [F in FunctionName]: LibraryFunction } = {
  exp: increasing(Math.exp, (_, y, dx) => y * dx),
  log: increasing(Math.log, (x, _, dx) => dx / x),
  sqrt: increasing(Math.sqrt, (_, y, dx) => dx / (2 * y)),
  rsqrt: {
    value: rsqrt,
    change: (x, y, dx) => (-y * dx) / (2 * x),
    range: (low, high) => [rsqrt(high), rsqrt(low)],
  },
  erf: increasing(erf, (x, _, dx) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * dx),
  tanh: increasing(Math.tanh, (_, y, dx) => (1 - y * y) * dx),
};

function increasing(
  value: LibraryFunction['value'],
  change: LibraryFunction['change'],
): LibraryFunction {
  return { value, change, range: (low, high) => [value(low), value(high)] };
}

function rsqrt(x: number): number {
  return 1 / Math.sqrt(x);
}
