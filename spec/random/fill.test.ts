import { describe, expect, it } from 'vitest';
import { fillNormal, fillTruncatedNormal, fillUniform } from './fill.js';
import { normalOfWord } from './normal.js';
import { RandomStream } from './stream.js';

const stream = (): RandomStream => new RandomStream({ seed: 5, stream: 'parameter', sample: 9 });
/** Around the size of the inner pieces, and odd ones. */
const LENGTHS = [0, 1, 5, 2047, 2048, 2049, 6000];

/** Mean and standard deviation. */
function moments(values: Float32Array): [number, number] {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(squares / values.length - mean * mean)];
}

describe('fillNormal', () => {
  it.each(LENGTHS)(
    'fills %i values as single draws would, and leaves the stream there',
    (length) => {
      const bulk = stream();
      const single = stream();
      single.word();
      bulk.word();
      const out = new Float32Array(length);
      fillNormal(bulk, out, 0.02);
      expect(out).toEqual(Float32Array.from({ length }, () => single.normal(0.02)));
      expect(bulk.word()).toBe(single.word());
    },
  );

  it('has the mean and the deviation asked for', () => {
    const out = new Float32Array(200_000);
    fillNormal(stream(), out, 3);
    const [mean, std] = moments(out);
    expect(Math.abs(mean)).toBeLessThan((5 * 3) / Math.sqrt(out.length));
    expect(Math.abs(std / 3 - 1)).toBeLessThan(5 / Math.sqrt(2 * out.length));
  });
});

describe('fillUniform', () => {
  it.each(LENGTHS)(
    'fills %i values as single draws would, and leaves the stream there',
    (length) => {
      const bulk = stream();
      const single = stream();
      const out = new Float32Array(length);
      fillUniform(bulk, out, -0.5, 0.25);
      expect(out).toEqual(Float32Array.from({ length }, () => -0.5 + 0.75 * single.uniform()));
      expect(bulk.word()).toBe(single.word());
    },
  );

  it('has the mean and the deviation of the range', () => {
    const out = new Float32Array(200_000);
    fillUniform(stream(), out, -1, 1);
    const [mean, std] = moments(out);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(3 * out.length));
    expect(Math.abs(std * Math.sqrt(3) - 1)).toBeLessThan(5 / Math.sqrt(out.length));
  });
});

describe('fillTruncatedNormal', () => {
  it('takes the next standard normal values within the cut, in order', () => {
    const out = new Float32Array(100);
    fillTruncatedNormal(stream(), out, 0.02, 1);
    const source = stream();
    const inside = Array.from({ length: 400 }, () => normalOfWord(source.word())).filter(
      (z) => Math.abs(z) <= 1,
    );
    expect([...out]).toEqual(inside.slice(0, 100).map((z) => Math.fround(0.02 * z)));
  });

  it('has the deviation of the cut distribution', () => {
    const out = new Float32Array(100_000);
    fillTruncatedNormal(stream(), out, 1, 1);
    // 1 - 2 z density(z) / P(|z| < 1) at z = 1
    const std = Math.sqrt(1 - (2 * 0.24197072451914337) / 0.6826894921370859);
    expect(Math.abs(moments(out)[1] / std - 1)).toBeLessThan(0.01);
  });

  it.each([0, -1, Number.NaN])('refuses the cut %d, which could draw forever', (cut) => {
    expect(() => fillTruncatedNormal(stream(), new Float32Array(1), 1, cut)).toThrow(/cut/);
  });
});

it('refuses parameters that are not finite', () => {
  const out = new Float32Array(1);
  expect(() => fillNormal(stream(), out, Number.NaN)).toThrow(/std of a random fill/);
  expect(() => fillUniform(stream(), out, 0, Number.POSITIVE_INFINITY)).toThrow(/high/);
});
