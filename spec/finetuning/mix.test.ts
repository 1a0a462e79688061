import { describe, expect, it } from 'vitest';
import { RandomStream } from '../random/index.js';
import { betaDraw, cutmixBox, drawMix, type MixConfig, mixWeights, shareOutside } from './mix.js';

const VIDEOMAE: MixConfig = { mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 };
const stream = (sample: number): RandomStream =>
  new RandomStream({ seed: 1, stream: 'mix', sample });

describe('a draw of Beta(alpha, alpha)', () => {
  // Mean 1/2, variance 1 / (4 (2 alpha + 1)); of 20,000 draws the errors of both are below these bounds.
  it.each([0.2, 0.8, 1, 3])('has its mean and its variance: alpha %d', (alpha) => {
    const draw = stream(0);
    const drawn = Array.from({ length: 20_000 }, () => betaDraw(alpha, draw));
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(variance * 4 * (2 * alpha + 1)).toBeGreaterThan(0.97);
    expect(variance * 4 * (2 * alpha + 1)).toBeLessThan(1.03);
  });

  it('refuses alpha out of bounds', () => {
    for (const alpha of [0, -1, 5, Number.NaN])
      expect(() => betaDraw(alpha, stream(0))).toThrow('alpha of a Beta distribution');
  });
});

describe('how a batch is mixed', () => {
  it('has vectors', () => {
    const drawn = [0, 1, 2, 3].map((sample) => drawMix(VIDEOMAE, 224, stream(sample)));
    expect(drawn).toMatchInlineSnapshot(`
      [
        {
          "share": 0.9906572182589594,
        },
        {
          "box": {
            "bottom": 224,
            "left": 116,
            "right": 224,
            "top": 38,
          },
          "share": 0.5996492346938775,
        },
        {
          "box": {
            "bottom": 176,
            "left": 0,
            "right": 113,
            "top": 12,
          },
          "share": 0.6306600765306123,
        },
        {
          "box": {
            "bottom": 124,
            "left": 0,
            "right": 118,
            "top": 0,
          },
          "share": 0.7083864795918368,
        },
      ]
    `);
  });

  it('is mixup or cutmix alone where the other is off, and neither where both are', () => {
    for (let sample = 0; sample < 20; sample++) {
      const { box } = drawMix({ ...VIDEOMAE, cutmix: 0 }, 16, stream(sample));
      expect(box).toBeUndefined();
      expect(drawMix({ ...VIDEOMAE, mixup: 0 }, 16, stream(sample)).box).toBeDefined();
      expect(drawMix({ ...VIDEOMAE, mixup: 0, cutmix: 0 }, 16, stream(sample))).toEqual({
        share: 1,
      });
      expect(drawMix({ ...VIDEOMAE, probability: 0 }, 16, stream(sample))).toEqual({ share: 1 });
    }
  });

  it('gives each pixel to one clip of cutmix, as many as the share says', () => {
    for (let sample = 0; sample < 50; sample++) {
      const mix = drawMix({ ...VIDEOMAE, mixup: 0 }, 20, stream(sample));
      const weights = mixWeights(mix, 20);
      expect(weights.every((weight) => weight === 0 || weight === 1)).toBe(true);
      const own = weights.reduce((sum, weight) => sum + weight, 0) / 400;
      expect(Math.abs(own - mix.share)).toBeLessThan(1e-12);
    }
  });
});

describe("cutmix's box", () => {
  // timm 0.4.12 rand_bbox with these centres: int(size sqrt(1 - share)) // 2 to each side, clipped.
  it.each([
    [16, 0.45, 14, 3, { top: 9, bottom: 16, left: 0, right: 8 }],
    [16, 0.9, 8, 8, { top: 6, bottom: 10, left: 6, right: 10 }],
    [224, 0.5, 0, 223, { top: 0, bottom: 79, left: 144, right: 224 }],
    [224, 1, 100, 100, { top: 100, bottom: 100, left: 100, right: 100 }],
    [224, 0, 112, 112, { top: 0, bottom: 224, left: 0, right: 224 }],
  ])('of %i pixels, share %d at (%i, %i)', (size, share, row, column, box) => {
    expect(cutmixBox(size, share, row, column)).toEqual(box);
  });

  it('leaves the share that is not in it', () => {
    expect(shareOutside({ top: 9, bottom: 16, left: 0, right: 8 }, 16)).toBe(1 - 56 / 256);
  });
});
