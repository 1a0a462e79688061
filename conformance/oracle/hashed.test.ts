import { expect, it } from 'vitest';
import { hashedCells, hashedParameter, hashWords, sampledPositions } from './hashed.js';

// The numbers are those of reference/oracle/makers/real_size/hashed.py.
it('makes the numbers that Python makes', () => {
  expect([...hashWords('frames', 3)]).toEqual([2779553785, 659470582, 772445436]);
  expect(hashWords('text.ids', 100_001).at(-1)).toBe(1635522199);
  const query = hashedParameter('encoder.0.attn.q.weight', [768, 768]);
  expect([query[0], query[1], query.at(-1)]).toEqual([
    0.03789710998535156, 0.05827522277832031, 0.061756134033203125,
  ]);
  const norm = hashedParameter('encoder.norm.weight', [768]);
  expect([norm[0], norm.at(-1)]).toEqual([0.9114532470703125, 1.2005081176757812]);
  expect(hashedParameter('encoder.0.mlp.fc2.weight', [768, 3072])[5]).toBe(0.0015659332275390625);
  expect(hashedParameter('encoder.norm.bias', [768])[1]).toBe(-0.11926651000976562);
  expect(hashedParameter('encoder.class', [768])[2]).toBe(0.1021728515625);
  expect(hashedCells('mask.1.7', 196, 117).slice(-4)).toEqual([192, 193, 194, 195]);
});

it('samples where Python samples', () => {
  const positions = sampledPositions('encoder.0.attn.q.weight', [768, 768]);
  expect([0, 1, 500, 999].map((k) => positions[k])).toEqual([139, 623, 295014, 589782]);
  const rows = sampledPositions('text.tokens', [8192, 768], [5, 9, 4]);
  expect([...rows.slice(0, 4)]).toEqual([4071, 9423, 3798, 21122]);
  expect(sampledPositions('encoder.class', [768])).toHaveLength(768);
});
