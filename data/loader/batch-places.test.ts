import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchPlaces, type Mixing } from './batch-places.js';
import { epochOrder } from './epoch-order.js';

/** What each list gives to a batch. */
function counts(places: BatchPlaces, turn: number, lists: number): number[] {
  const { stepsPerEpoch } = places;
  const batch = places.batch(Math.floor(turn / stepsPerEpoch), turn % stepsPerEpoch);
  return Array.from({ length: lists }, (_, k) => batch.filter(({ source }) => source === k).length);
}

const shares = (...lists: readonly (readonly [count: number, weight: number])[]) =>
  lists.map(([count, weight]) => ({ count, weight }));

describe('BatchPlaces', () => {
  it('of one list is the order of its epochs, the last partial batch left out', () => {
    const places = new BatchPlaces(shares([10, 1]), 3, 7);
    for (const epoch of [0, 1, 5]) {
      const order = [...epochOrder(10, 7, epoch)];
      for (const step of [0, 1, 2]) {
        const batch = places.batch(epoch, step);
        expect(batch.map(({ number }) => number)).toEqual(order.slice(3 * step, 3 * step + 3));
        expect(batch.every((place) => place.epoch === epoch && place.source === 0)).toBe(true);
      }
    }
  });

  it('gives every batch its quotas', () => {
    const places = new BatchPlaces(shares([9, 0.25], [40, 0.75]), 8, 1);
    expect(places.stepsPerEpoch).toBe(6);
    for (let turn = 0; turn < 30; turn++) expect(counts(places, turn, 2)).toEqual([2, 6]);
  });

  it('lets lists take turns, always the one most behind', () => {
    const places = new BatchPlaces(shares([20, 1], [20, 3]), 4, 1, 'alternating');
    const whose = Array.from({ length: 8 }, (_, turn) => counts(places, turn, 2).indexOf(4));
    expect(whose).toEqual([1, 0, 1, 1, 1, 0, 1, 1]);
  });

  it('has each sample of a list once in its epochs, and never twice in a batch', () => {
    const list = fc.tuple(fc.integer({ min: 4, max: 30 }), fc.constantFrom(1, 2, 3));
    const mixing = fc.constantFrom<Mixing>('quotas', 'alternating');
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 3 }), mixing, (lists, way) => {
        const total = lists.reduce((sum, [, weight]) => sum + weight, 0);
        const batchSize = Math.max(1, Math.floor(4 / total)) * total;
        fc.pre(lists.every(([count]) => count >= batchSize));
        const places = new BatchPlaces(shares(...lists), batchSize, 3, way);
        const seen = new Set<string>();
        for (let turn = 0; turn < 40; turn++) {
          const { stepsPerEpoch } = places;
          const batch = places.batch(Math.floor(turn / stepsPerEpoch), turn % stepsPerEpoch);
          expect(batch).toHaveLength(batchSize);
          const inBatch = new Set(batch.map(({ source, number }) => `${source} ${number}`));
          expect(inBatch.size).toBe(batchSize);
          for (const { source, epoch, number } of batch) {
            const key = `${source} ${epoch} ${number}`;
            expect(seen.has(key)).toBe(false);
            seen.add(key);
          }
        }
        // What every list gave is its share, to within a batch.
        lists.forEach(([, weight], k) => {
          const given = [...seen].filter((key) => key.startsWith(`${k} `)).length;
          expect(Math.abs(given - (40 * batchSize * weight) / total)).toBeLessThan(
            way === 'quotas' ? 1e-9 : batchSize,
          );
        });
      }),
    );
  });

  it('takes stand-ins from the list of the sample', () => {
    const places = new BatchPlaces(shares([5, 1], [12, 1]), 4, 1);
    for (const place of places.batch(0, 1)) {
      const others = place.standIns('others');
      const count = place.source === 0 ? 5 : 12;
      expect(new Set([...others, place.number])).toEqual(
        new Set(Array.from({ length: count }, (_, i) => i)),
      );
    }
    // Those of a row are of no other row of the batch.
    const batch = places.batch(0, 1).filter(({ source }) => source === 1);
    const wanted = batch.flatMap((place) => [place.number, ...place.standIns('row')]);
    expect(new Set(wanted).size).toBe(wanted.length);
    expect(wanted.length).toBe(12);
  });

  it.each([
    [
      shares([9, 1], [9, 2]),
      4,
      /1\.33 and 2\.67 of 4 clips, expected .*multiple of 3, for example 3/,
    ],
    [shares([9, 1], [2, 1]), 8, /a list is too short .*2 records, of which a batch takes 4/],
  ])('refuses what cannot be shared: %j of %i', (lists, batchSize, message) => {
    expect(() => new BatchPlaces(lists, batchSize, 1)).toThrow(message);
  });
});
