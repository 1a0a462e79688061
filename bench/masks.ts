/**
 * The time of one mask of each kind on a ViT-B clip (8 x 14 x 14 tokens), as a share of a step.
 *
 *   npx tsx bench/masks.ts [--step-milliseconds 2750]   (of a step of 2 clips)
 */
import { parseArgs } from 'node:util';
import { drawMask, MASK_KIND_NAMES, MASK_KINDS } from '../spec/index.js';

const { values } = parseArgs({
  options: { 'step-milliseconds': { type: 'string', default: '2750' } },
});
const GRID = { slots: 8, rows: 14, columns: 14 };
const TOKENS = 8 * 14 * 14;
const CLIPS_A_STEP = 2;
const ROUNDS = 300;

for (const name of MASK_KIND_NAMES) {
  const { map } = MASK_KINDS[name];
  const noise = Int16Array.from({ length: TOKENS }, (_, i) => (i * 7919) % 32749);
  const flow = Int16Array.from({ length: 16 * TOKENS }, (_, i) => ((i * 7919) % 128) - 64);
  const maps = { similarity: noise, motion: Int32Array.from(noise), flow };
  const stored = map === undefined ? undefined : maps[map];
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    drawMask({ kind: name }, GRID, { seed: 1, epoch: 0, sample: round }, stored);
    best = Math.min(best, performance.now() - start);
  }
  const share = (CLIPS_A_STEP * best) / Number(values['step-milliseconds']);
  console.log(
    `${name.padEnd(20)} ${(best * 1000).toFixed(0).padStart(5)} us  ${(100 * share).toFixed(3)} % of a step`,
  );
}
