import { describe, expect, it } from 'vitest';
import { type Counted, countedStep } from '../testing/counted-step.js';
import { bankConflicts } from './kernels/bank-conflicts.js';
import type { Purpose } from './purposes.js';

/** A step of 32 clips on a large GPU; what was counted before kernels were made for such stands beside. */
const BOUNDS: Readonly<Record<Counted, Readonly<Record<string, number>>>> = {
  // 1,124 dispatches, 21 % scalar, 16 lanes in a bank, 144 groups, 10 score-sized products.
  tgm: { dispatches: 895, moved: 2.16, tiles: 5.8, groups: 924, scores: 7, barriers: 1.76 },
  // 839 dispatches, 25 % scalar, 16 lanes in a bank, 144 groups; scores lay in memory.
  mac: { dispatches: 620, moved: 1.87, tiles: 9, groups: 924, scores: 7, barriers: 1.66 },
};

/** The most bytes that it moves for each purpose, in tenths of GB: the table of docs/performance.md. */
const TENTHS: Readonly<Record<Purpose, Readonly<Record<Counted, number>>>> = {
  products: { tgm: 341, mac: 209 },
  'after products': { tgm: 65, mac: 45 },
  'parts of sums': { tgm: 101, mac: 93 },
  attention: { tgm: 68, mac: 52 },
  'gradients of scores': { tgm: 155, mac: 38 },
  updates: { tgm: 23, mac: 21 },
  rows: { tgm: 77, mac: 46 },
  reductions: { tgm: 24, mac: 16 },
  elementwise: { tgm: 18, mac: 2 },
};

describe('what a step costs a GPU, counted', () => {
  it.each(Object.keys(BOUNDS) as Counted[])(
    '%s, 32 clips',
    (name) => {
      const { cost, attended } = countedStep(name);
      const { products } = cost;
      const bound = BOUNDS[name];
      expect(cost.dispatches).toBeLessThanOrEqual(bound.dispatches as number);
      expect(products.scalar).toBeLessThan(0.02);
      expect(products.bankConflicts).toBeLessThanOrEqual(2);
      // One for each tile: of 16 terms, or of 8 where two of those are all that fits. Two for each of 16 before, with one tile in memory.
      expect(products.barriers).toBeCloseTo(bound.barriers as number, 2);
      expect(products.ahead).toBe(1);
      expect(products.fewestGroups).toBeGreaterThanOrEqual(bound.groups as number);
      expect(cost.bytes / cost.leastBytes).toBeLessThan(bound.moved as number);
      const purposes = [...cost.purposes];
      expect(purposes.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(cost.bytes);
      const above = purposes.filter(([purpose, bytes]) => bytes > 1e8 * TENTHS[purpose][name]);
      expect(above).toEqual([]);
      expect(products.tileBytes / products.leastBytes).toBeLessThan(bound.tiles as number);
      expect((cost.kinds.get('attention')?.flops ?? 0) / attended).toBeCloseTo(
        bound.scores as number,
        9,
      );
    },
    60_000,
  );
});

describe('bank conflicts', () => {
  it.each([
    ['of lanes side by side', 4, (lane: number) => 4 * lane, 1],
    ['of lanes that read one word', 4, () => 64, 1],
    ['of a column of 32 lines of 32 words', 4, (lane: number) => 128 * lane, 32],
    ['of a column of 33 words a line', 4, (lane: number) => 132 * lane, 1],
    ['of fours side by side', 16, (lane: number) => 16 * lane, 1],
    ['of every other four', 16, (lane: number) => 32 * lane, 2],
    ['of halves of words', 2, (lane: number) => 2 * lane, 1],
  ])('%s', (_, bytes, address, conflicts) => {
    expect(bankConflicts(bytes, address)).toBe(conflicts);
  });
});
