import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../spec/errors.js';
import { fitFrame, resizeBicubic } from './resize.js';

interface Vectors {
  readonly resizes: {
    w: number;
    h: number;
    toW: number;
    toH: number;
    image: string;
    resized: string;
  }[];
  readonly fits: { w: number; h: number; size: number; image: string; fitted: string }[];
}

const vectors: Vectors = JSON.parse(
  await readFile(new URL('./fixtures/resize-vectors.json', import.meta.url), 'utf8'),
);

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

describe('bicubic resizing', () => {
  it.each(vectors.resizes)('is that of Pillow, bit for bit: $w x $h to $toW x $toH', (vector) => {
    const { w, h, toW, toH } = vector;
    expect(resizeBicubic(bytes(vector.image), w, h, toW, toH)).toEqual(bytes(vector.resized));
  });

  it('leaves an image of one colour as it is, and an image of the right size', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const level = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(side, side, side, side, level, (w, h, toW, toH, value) => {
        const image = new Uint8Array(w * h * 3).fill(value);
        const resized = resizeBicubic(image, w, h, toW, toH);
        expect(resized).toEqual(new Uint8Array(toW * toH * 3).fill(value));
        const same = resizeBicubic(image, w, h, w, h);
        expect(same).toEqual(image);
        expect(same).not.toBe(image);
      }),
    );
  });

  it('refuses what is no image of that size', () => {
    const image = new Uint8Array(12);
    expect(() => resizeBicubic(image, 2, 3, 4, 4)).toThrow(/12 bytes, expected 18/);
    for (const side of [0, -1, 1.5, Number.NaN, 1e6]) {
      expect(() => resizeBicubic(image, 2, 2, side, 4)).toThrow(LacunaError);
      expect(() => resizeBicubic(image, side, 2, 4, 4)).toThrow(LacunaError);
    }
  });
});

describe('a whole frame', () => {
  it.each(vectors.fits)('is resized and cut as by CLIP: $w x $h to $size', (vector) => {
    const { w, h, size } = vector;
    expect(fitFrame(bytes(vector.image), w, h, size)).toEqual(bytes(vector.fitted));
  });

  it('of a shape that would become too long is refused', () => {
    expect(() => fitFrame(new Uint8Array(3000), 1000, 1, 224)).toThrow(/out of bounds; got 224000/);
    expect(() => fitFrame(new Uint8Array(12), 2, 2, 0)).toThrow(LacunaError);
  });
});
