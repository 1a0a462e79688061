import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import type { Backend } from '../../core/backend.js';
import { capable } from '../../core/testing/capability.js';
import { splitBatches } from '../../core/testing/split-batches.js';
import { XLA } from './index.js';

const probe = await XLA.probe();
const missing = probe.available ? undefined : probe.reason;

let splits = 0;
/** Three simulated devices, which share the batches of the suite. */
async function openThree(shardState: boolean): Promise<Backend> {
  return splitBatches(await XLA.open({ devices: 3, shardState, threads: 1 }), () => {
    splits += 1;
  });
}

// A whole step, whose rows three devices share (the suite's steps are of 3 clips), held to the same bounds as on one: its
// gradients with the state on each, and its update, which follows from them, with a part of the state on each.
testBackend('xla', () => openThree(false), {
  missing,
  checks: CHECKS.filter(({ id }) => id === 'step/joint/gradients'),
});
testBackend('xla', () => openThree(true), {
  missing,
  checks: CHECKS.filter(({ id }) => id === 'step/joint/update'),
});

describe.skipIf(!capable('xla', missing))('a batch on several devices', () => {
  it('was that of each of the steps above', () => {
    expect(splits).toBeGreaterThanOrEqual(2);
  });
});
