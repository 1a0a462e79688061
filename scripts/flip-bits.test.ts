import { expect, it } from 'vitest';
import { flipBits } from './durability/flip-bits.js';

it('a flipped bit anywhere in the folder of a run is noticed, and the last whole checkpoint taken', async () => {
  const { faults, newest } = await flipBits(300, 2);
  expect(faults).toEqual([]);
  expect(newest).toBeGreaterThan(50);
}, 60_000);
