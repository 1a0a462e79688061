import { expect, it } from 'vitest';
import { losePower } from './durability/lose-power.js';

it('a run that loses power at any moment has its last checkpoint, and the metrics up to it', async () => {
  expect(await losePower(300, 2)).toEqual({ states: 300, faults: [] });
}, 60_000);
