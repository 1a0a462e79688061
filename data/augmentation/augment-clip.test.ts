import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  AUGMENTATIONS,
  type AugmentationName,
  drawAugmentations,
  drawErasing,
  IMAGENET_MEAN,
  IMAGENET_STD,
} from '../../spec/index.js';
import { RandomStream } from '../../spec/random/stream.js';
import { augmentClip, augmentFrame, type ClipAugmentation } from './augment-clip.js';

interface Vectors {
  readonly size: number;
  readonly pixels: string;
  readonly cases: readonly { name: AugmentationName; level: number; pixels: string }[];
}
const file = new URL('./fixtures/augmentations.json', import.meta.url);
const { size, pixels, cases } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

describe('the operations of RandAugment', () => {
  it.each(cases)('$name at $level are those of Pillow', ({ name, level, pixels: wanted }) => {
    const frame = bytes(pixels);
    augmentFrame(frame, { name, level }, size);
    expect(Buffer.from(frame).toString('hex')).toBe(Buffer.from(bytes(wanted)).toString('hex'));
  });

  it('are all there', () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(AUGMENTATIONS));
  });
});

const address = { seed: 1, epoch: 2, sample: 3, replicate: 0 };
const VIDEOMAE: ClipAugmentation = {
  randAugment: { layers: 4, magnitude: 7, deviation: 0.5 },
  erasing: { probability: 0.25, mean: IMAGENET_MEAN, std: IMAGENET_STD },
};

describe('the augmentation of a clip', () => {
  it('is a function of the address, the same in all frames', () => {
    const frame = bytes(pixels);
    const clip = (): Uint8Array => Uint8Array.from([...frame, ...frame]);
    const { randAugment } = VIDEOMAE;
    const made = new Set<string>();
    for (let sample = 0; sample < 8; sample++) {
      const [one, other] = [clip(), clip()];
      for (const each of [one, other])
        augmentClip(each, size, { randAugment } as ClipAugmentation, { ...address, sample });
      expect(one).toEqual(other);
      expect(one.subarray(0, frame.length)).toEqual(one.subarray(frame.length));
      made.add(Buffer.from(one).toString('hex'));
    }
    expect(made.size).toBeGreaterThan(4);
  });

  it('has vectors', () => {
    const draw = (stream: 'augment' | 'erase'): RandomStream =>
      new RandomStream({ ...address, stream });
    expect({
      operations: drawAugmentations({ layers: 4, magnitude: 7, deviation: 0.5 }, draw('augment')),
      box: drawErasing(1, 224, draw('erase')),
    }).toMatchInlineSnapshot(`
      {
        "box": {
          "bottom": 223,
          "left": 99,
          "right": 168,
          "top": 1,
        },
        "operations": [
          {
            "level": 73,
            "name": "solarize",
          },
          {
            "level": 71,
            "name": "solarize",
          },
          {
            "level": 1.5999113520979882,
            "name": "color",
          },
        ],
      }
    `);
  });

  it('erases a quarter of the clips, a box of 2 % to a third, with noise', () => {
    const areas: number[] = [];
    for (let sample = 0; sample < 400; sample++) {
      const box = drawErasing(0.25, 224, new RandomStream({ ...address, stream: 'erase', sample }));
      if (box === undefined) continue;
      expect(Math.min(box.top, box.left)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.bottom, box.right)).toBeLessThanOrEqual(224);
      areas.push(((box.bottom - box.top) * (box.right - box.left)) / 224 ** 2);
    }
    expect(areas.length).toBeGreaterThan(70);
    expect(areas.length).toBeLessThan(130);
    expect(Math.min(...areas)).toBeGreaterThan(0.019);
    expect(Math.max(...areas)).toBeLessThan(0.34);
    const black = new Uint8Array(2 * size * size * 3);
    const erasing = { probability: 1, mean: IMAGENET_MEAN, std: IMAGENET_STD };
    augmentClip(black, size, { erasing }, address);
    const half = black.length / 2;
    const isErased = [...black].map((value) => value > 0);
    expect(isErased.some(Boolean)).toBe(true);
    // The same box in both frames, with other noise.
    expect(black.subarray(0, half)).not.toEqual(black.subarray(half));
  });
});
