import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../errors.js';
import { sampleWord } from '../random/sample-word.js';
import { completeMaskConfig, drawMask, type MaskAddress, maskCounts } from './draw-mask.js';
import { type Grid, placesPerSlot, tokenCount } from './grid.js';
import type { MaskMap } from './kind.js';
import { MASK_KINDS, type MaskKindName } from './kinds.js';
import { ROUNDINGS } from './rounding.js';

const NAMES = Object.keys(MASK_KINDS) as MaskKindName[];
const ADDRESS: MaskAddress = { seed: 20240801, epoch: 7, sample: sampleWord('clip-0001') };
const VIT_B: Grid = { slots: 8, rows: 14, columns: 14 };
const SMALL: Grid = { slots: 2, rows: 3, columns: 5 };

const grids = fc.record({
  slots: fc.integer({ min: 1, max: 5 }),
  rows: fc.integer({ min: 1, max: 7 }),
  columns: fc.integer({ min: 1, max: 7 }),
});
const ratios = fc.oneof(
  fc.constantFrom(0, 0.1, 0.15, 0.5, 0.55, 0.6, 0.75, 0.9, 0.95),
  fc.double({ min: 0, max: 0.999, noNaN: true }),
);
const addresses = fc.record({ seed: fc.nat(), epoch: fc.nat(300), sample: fc.nat() });
const cases = fc.record({
  kind: fc.constantFrom(...NAMES),
  rounding: fc.constantFrom(...ROUNDINGS),
  ratio: ratios,
  grid: grids,
  address: addresses,
  seed: fc.nat(),
});

/** A stored map with many ties, of the type that the kind takes; none for a kind without. */
function mapFor(kind: MaskKindName, grid: Grid, seed: number): MaskMap | undefined {
  const value = (_: unknown, i: number): number => Math.imul(i + 1, seed | 1) & 3;
  const shape = { length: tokenCount(grid) };
  const { map } = MASK_KINDS[kind];
  if (map === undefined) return undefined;
  if (map === 'flow')
    return Int16Array.from(
      { length: 16 * shape.length },
      (_, i) => Math.imul(i + 1, seed | 1) >> 20,
    );
  return map === 'similarity' ? Int16Array.from(shape, value) : Int32Array.from(shape, value);
}

function slotOf(mask: Int32Array, grid: Grid, slot: number): number[] {
  const places = placesPerSlot(grid);
  return [...mask].filter((n) => Math.floor(n / places) === slot).map((n) => n % places);
}

describe('drawMask, for every kind, rounding and grid', () => {
  it('splits the tokens in two ascending parts with the counts of maskCounts, or says that none is visible', () => {
    fc.assert(
      fc.property(cases, ({ kind, rounding, ratio, grid, address, seed }) => {
        const config = { kind, rounding, ratio };
        const map = mapFor(kind, grid, seed);
        let counts: { visible: number; masked: number };
        try {
          counts = maskCounts(config, grid);
        } catch (error) {
          expect(error).toBeInstanceOf(LacunaError);
          expect(String(error)).toMatch(/leaves no token visible/);
          expect(() => drawMask(config, grid, address, map)).toThrow(/leaves no token visible/);
          return;
        }
        const { visible, masked } = drawMask(config, grid, address, map);
        expect({ visible: visible.length, masked: masked.length }).toEqual(counts);
        expect(visible).toEqual(visible.slice().sort());
        expect(masked).toEqual(masked.slice().sort());
        const all = [...visible, ...masked].sort((a, b) => a - b);
        expect(all).toEqual([...Array(tokenCount(grid)).keys()]);
        if (MASK_KINDS[kind].per === 'slot') {
          for (let slot = 0; slot < grid.slots; slot++) {
            expect(slotOf(masked, grid, slot).length).toBe(counts.masked / grid.slots);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is a function of its arguments alone, whatever was drawn before', () => {
    fc.assert(
      fc.property(cases, ({ kind, grid, address, seed }) => {
        const config = { kind, ratio: 0.5, rounding: 'floor-masked' } as const;
        const map = mapFor(kind, grid, seed);
        const before = drawMask(config, grid, address, map);
        drawMask(config, grid, { ...address, epoch: 999 }, map);
        expect(drawMask(config, grid, address, map)).toEqual(before);
      }),
    );
  });

  it('masks nothing at ratio 0', () => {
    for (const kind of NAMES) {
      const mask = drawMask({ kind, ratio: 0 }, SMALL, ADDRESS, mapFor(kind, SMALL, 3));
      expect(mask.masked.length).toBe(0);
      expect([...mask.visible]).toEqual([...Array(30).keys()]);
    }
  });
});

describe('random kinds', () => {
  const kinds = NAMES.filter((kind) => MASK_KINDS[kind].map === undefined);

  it.each(kinds)('%s gives another mask for another seed, epoch, sample or replicate', (kind) => {
    const changes: MaskAddress[] = [
      { ...ADDRESS, seed: 1 },
      { ...ADDRESS, epoch: 8 },
      { ...ADDRESS, sample: 1 },
      { ...ADDRESS, replicate: 1 },
    ];
    const masks = [ADDRESS, ...changes].map((a) => drawMask({ kind }, VIT_B, a).visible.join());
    expect(new Set(masks).size).toBe(masks.length);
  });

  it.each(kinds)('%s masks every token about equally often', (kind) => {
    const times = new Int32Array(tokenCount(SMALL));
    const draws = 3000;
    const config = { kind, ratio: 0.6, rounding: 'floor-masked' } as const;
    for (let sample = 0; sample < draws; sample++) {
      for (const n of drawMask(config, SMALL, { seed: 1, sample }).masked) {
        times[n] = (times[n] as number) + 1;
      }
    }
    for (const count of times) {
      expect(Math.abs(count - 0.6 * draws)).toBeLessThan(5 * Math.sqrt(draws * 0.6 * 0.4));
    }
  });

  it('a tube is the same in every slot', () => {
    fc.assert(
      fc.property(grids, addresses, (grid, address) => {
        const { masked } = drawMask({ kind: 'tube', ratio: 0.5 }, grid, address);
        for (let slot = 1; slot < grid.slots; slot++) {
          expect(slotOf(masked, grid, slot)).toEqual(slotOf(masked, grid, 0));
        }
      }),
    );
  });

  it('a per-slot mask differs between slots, and a space-time mask also in its counts', () => {
    const perSlot = drawMask({ kind: 'random-per-slot' }, VIT_B, ADDRESS).masked;
    const slots = [...Array(8).keys()].map((slot) => slotOf(perSlot, VIT_B, slot).join());
    expect(new Set(slots).size).toBe(8);
    const free = drawMask({ kind: 'random' }, VIT_B, ADDRESS).visible;
    const counts = [...Array(8).keys()].map((slot) => slotOf(free, VIT_B, slot).length);
    expect(new Set(counts).size).toBeGreaterThan(1);
  });

  it.each<[MaskKindName, number[]]>([
    ['tube', [0, 1, 3, 8, 9, 14, 15, 16, 18, 23, 24, 29]],
    ['random', [6, 7, 12, 13, 15, 16, 17, 18, 19, 26, 27, 29]],
    ['random-per-slot', [0, 1, 3, 8, 9, 14, 16, 19, 20, 23, 27, 29]],
  ])('%s keeps its mask', (kind, visible) => {
    const config = { kind, ratio: 0.6 } as const;
    expect([...drawMask(config, SMALL, ADDRESS).visible]).toEqual(visible);
  });
});

describe('guided kinds', () => {
  // Slot 0 has five values; slot 1 is a single tie.
  const similarity = Int16Array.from(
    [
      [5, 5, 1, 9, 5, 5, 0, -3, 5, 2, 5, 5, 5, 5, 5],
      [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
    ].flat(),
  );

  it('mask the highest (or lowest) of each slot, and of equals the lower index', () => {
    const top = drawMask({ kind: 'text-guided', ratio: 0.4 }, SMALL, ADDRESS, similarity);
    expect([...top.masked]).toEqual([0, 1, 3, 4, 5, 8, 15, 16, 17, 18, 19, 20]);
    const config = { kind: 'text-guided-bottom', ratio: 0.4 } as const;
    const bottom = drawMask(config, SMALL, ADDRESS, similarity);
    expect([...bottom.masked]).toEqual([0, 1, 2, 6, 7, 9, 15, 16, 17, 18, 19, 20]);
  });

  it('agree with a stable sort of each slot by value', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('text-guided', 'text-guided-bottom', 'motion-guided'),
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 24, maxLength: 24 }),
        fc.constantFrom(0, 0.1, 0.3, 0.5, 0.75, 0.9),
        (kind, values, ratio) => {
          const grid = { slots: 2, rows: 4, columns: 3 };
          const stored =
            kind === 'motion-guided' ? Int32Array.from(values) : Int16Array.from(values);
          const sign = kind === 'text-guided-bottom' ? 1 : -1;
          const count = Math.floor(ratio * 12);
          const expected = [0, 12].flatMap((start) =>
            values
              .slice(start, start + 12)
              .map((value, i) => ({ value: sign * value, n: start + i }))
              .sort((a, b) => a.value - b.value)
              .slice(0, count)
              .map(({ n }) => n)
              .sort((a, b) => a - b),
          );
          const config = { kind, ratio, ties: 'first' } as const;
          expect([...drawMask(config, grid, ADDRESS, stored).masked]).toEqual(expected);
        },
      ),
    );
  });

  it('draw among equals where ties are random: as many, never another value, each as often', () => {
    const grid = { slots: 2, rows: 2, columns: 3 };
    // The two highest of slot 0 are masked always; of its four equals, and of all of slot 1, any.
    const map = Int16Array.from([9, 4, 4, 4, 4, 8, 0, 0, 0, 0, 0, 0]);
    const config = { kind: 'text-guided', ratio: 0.5, ties: 'random' } as const;
    const often = new Map<number, number>();
    for (let sample = 0; sample < 3000; sample++) {
      const { masked } = drawMask(config, grid, { ...ADDRESS, sample }, map);
      expect(masked.filter((n) => n < 6)).toHaveLength(3);
      expect([...masked]).toEqual(expect.arrayContaining([0, 5]));
      for (const n of masked) often.set(n, (often.get(n) ?? 0) + 1);
    }
    // Binomial deviations are 24 and 27; five of them.
    for (const n of [1, 2, 3, 4]) expect(Math.abs((often.get(n) ?? 0) - 750)).toBeLessThan(120);
    for (let n = 6; n < 12; n++) expect(Math.abs((often.get(n) ?? 0) - 1500)).toBeLessThan(135);
  });

  it('read a map to the ends of its type, and leave it as it was', () => {
    const grid = { slots: 1, rows: 1, columns: 4 };
    const config = { kind: 'motion-guided', ratio: 0.5 } as const;
    const large = Int32Array.from([2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 2]);
    expect([...drawMask(config, grid, ADDRESS, large).masked]).toEqual([0, 3]);
    expect([...large]).toEqual([2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 2]);
    const unsigned = Uint16Array.from([1, 65535, 40000, 2]);
    expect([...drawMask(config, grid, ADDRESS, unsigned).masked]).toEqual([1, 2]);
  });

  it('do not depend on the address', () => {
    const masks = [1, 2].map((epoch) =>
      drawMask({ kind: 'text-guided' }, SMALL, { ...ADDRESS, epoch }, similarity),
    );
    expect(masks[0]).toEqual(masks[1]);
  });
});

describe('the counts of ViT-B, 1568 tokens', () => {
  it.each<[MaskKindName, number, number]>([
    ['tube', 0.9, 160],
    ['random', 0.9, 156],
    ['random-per-slot', 0.6, 632],
    ['text-guided', 0.6, 632],
    ['text-guided-bottom', 0.6, 632],
    ['motion-guided', 0.75, 392],
    ['flow-warped', 0.9, 152],
  ])('%s has by default the ratio %d and %i visible tokens', (kind, ratio, visible) => {
    expect(completeMaskConfig({ kind }).ratio).toBe(ratio);
    expect(maskCounts({ kind }, VIT_B)).toEqual({ visible, masked: 1568 - visible });
  });

  it('has 152 visible tokens in a tube counted as MGMAE counts', () => {
    const config = { kind: 'tube', ratio: 0.9, rounding: 'floor-visible' } as const;
    expect(maskCounts(config, VIT_B).visible).toBe(152);
  });
});

describe('bad input', () => {
  it.each([-0.01, 1, Number.NaN])('is refused: ratio %d', (ratio) => {
    expect(() => drawMask({ kind: 'tube', ratio }, SMALL, ADDRESS)).toThrow(/mask ratio/);
  });

  it('is refused: a ratio whose rounding masks everything', () => {
    const config = { kind: 'tube', ratio: 0.9, rounding: 'floor-visible' } as const;
    expect(() => maskCounts(config, { slots: 4, rows: 2, columns: 2 })).toThrow(/no token visible/);
  });

  it('is refused: a kind that there is not', () => {
    const kind: string = 'constructor';
    expect(() => drawMask({ kind: kind as 'tube' }, SMALL, ADDRESS)).toThrow(/no such mask kind/);
  });

  it.each([
    { slots: 0, rows: 2, columns: 2 },
    { slots: 2, rows: -2, columns: -2 },
    { slots: 1.5, rows: 2, columns: 2 },
    { slots: 1e6, rows: 1e6, columns: 1e6 },
  ])('is refused: the grid %o', (grid) => {
    expect(() => drawMask({ kind: 'tube' }, grid, ADDRESS)).toThrow(/token grid/);
  });

  it('is refused: a map that is missing, superfluous, too short or of another type', () => {
    const guided = { kind: 'text-guided' } as const;
    expect(() => drawMask(guided, SMALL, ADDRESS)).toThrow(/similarity map is missing/);
    expect(() => drawMask(guided, SMALL, ADDRESS, new Int16Array(29))).toThrow(/29 values/);
    expect(() => drawMask(guided, SMALL, ADDRESS, new Int32Array(30))).toThrow(/Int32Array.*int16/);
    const motion = { kind: 'motion-guided' } as const;
    expect(() => drawMask(motion, SMALL, ADDRESS, new Int16Array(30))).toThrow(/uint16 or int32/);
    const plain = { kind: 'tube' } as const;
    expect(() => drawMask(plain, SMALL, ADDRESS, new Int16Array(30))).toThrow(/takes no map/);
  });
});
