import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOrder, othersOf, rowOf } from './epoch-order.js';

describe('epochOrder', () => {
  it('is a permutation that depends on the seed and the epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(2 ** 31), (count, seed) => {
        const order = epochOrder(count, seed, 0);
        expect([...order].sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
        expect(epochOrder(count, seed, 0)).toEqual(order);
      }),
    );
    expect(epochOrder(50, 1, 0)).not.toEqual(epochOrder(50, 1, 1));
    expect(epochOrder(50, 1, 0)).not.toEqual(epochOrder(50, 2, 0));
  });

  it('has vectors', () => {
    expect([...epochOrder(8, 1, 0)]).toMatchInlineSnapshot(`
      [
        6,
        0,
        5,
        2,
        4,
        1,
        7,
        3,
      ]
    `);
    expect([...epochOrder(8, 2 ** 40, 3)]).toMatchInlineSnapshot(`
      [
        4,
        7,
        3,
        5,
        6,
        0,
        1,
        2,
      ]
    `);
  });

  it('brings each sample to each place about equally often', () => {
    const counts = new Array<number>(9).fill(0);
    for (let epoch = 0; epoch < 1800; epoch++) {
      for (const [place, sample] of epochOrder(3, 7, epoch).entries()) {
        counts[3 * place + sample] = (counts[3 * place + sample] ?? 0) + 1;
      }
    }
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(100); // 5 sigma
  });
});

describe('stand-ins', () => {
  const sizes = fc
    .integer({ min: 1, max: 40 })
    .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 1, max: count })));

  it('come at last to every sample', () => {
    fc.assert(
      fc.property(sizes, ([count]) => {
        for (let place = 0; place < count; place++) {
          expect(new Set([place, ...othersOf(place, count)]).size).toBe(count);
        }
      }),
    );
  });

  it('of a row are never those of another row of the batch, nor in it', () => {
    fc.assert(
      fc.property(sizes, ([count, batchSize]) => {
        const steps = Math.floor(count / batchSize);
        for (const step of [0, steps - 1]) {
          const rows = Array.from({ length: batchSize }, (_, i) => {
            const place = step * batchSize + i;
            return [place, ...rowOf(place, count, batchSize)];
          });
          expect(new Set(rows.flat()).size).toBe(steps * batchSize);
        }
      }),
    );
  });
});
