import { expect, it } from 'vitest';
import { MAX_LINE_BYTES } from '../formats/line-file.js';
import { parseSamples, samplesOfLines } from './run-lines.js';

it('the ids of a step are cut into lines that can be read back, however long they are', () => {
  const short = Array.from({ length: 130 }, (_, each) => `clip-${each}`);
  expect(samplesOfLines(short).map(({ length }) => length)).toEqual([64, 64, 2]);
  expect(samplesOfLines([])).toEqual([]);
  // The longest ids there are, and the longest that JSON makes of one.
  const ids = Array.from({ length: 66 }, (_, each) =>
    (each % 2 === 0 ? 'x' : '\u0001').repeat(65_536),
  );
  const lines = samplesOfLines([...short, ...ids]);
  expect(lines.flat()).toEqual([...short, ...ids]);
  for (const samples of lines) {
    const line = { step: 1, first: 0, samples };
    expect(parseSamples(line)).toEqual(line);
    expect(Buffer.byteLength(JSON.stringify(line))).toBeLessThan(MAX_LINE_BYTES - 100);
  }
});
