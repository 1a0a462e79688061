import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../spec/random/stream.js';
import { centreCrop } from './centre-crop.js';
import { type ClipSampling, captionChoice, evaluationClip, trainingClip } from './clip-sampling.js';
import { centreDenseClip, denseClip, windowDenseClip } from './dense-clip.js';
import { multiScaleCrop, multiScaleCropBoxes, multiScaleCropSizes } from './multi-scale-crop.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { segmentClip, segmentTestClip, windowSegmentClip } from './segment-clip.js';

function stream(sample: number): RandomStream {
  return new RandomStream({ seed: 3, stream: 'test', sample });
}

/** VideoMAE's rule as its code has it: the offset counts from 1. */
function videoMaeFrames(
  frameCount: number,
  frames: number,
  stride: number,
  start: number,
): number[] {
  const list: number[] = [];
  let offset = start + 1;
  for (let i = 0; i < frames * stride; i += stride) {
    list.push(offset - 1);
    if (offset + stride < frameCount) offset += stride;
  }
  return list;
}

const CLIP = fc.record({
  frameCount: fc.integer({ min: 1, max: 200 }),
  frames: fc.integer({ min: 1, max: 20 }),
  stride: fc.integer({ min: 1, max: 9 }),
});

describe('denseClip', () => {
  it('agrees with the code of VideoMAE from whichever start is drawn', () => {
    fc.assert(
      fc.property(CLIP, fc.nat(1000), (clip, sample) => {
        const { frameCount, frames, stride } = clip;
        const indices = denseClip(clip, stream(sample));
        const start = indices[0] ?? -1;
        expect(indices).toEqual(videoMaeFrames(frameCount, frames, stride, start));
        expect(start).toBeLessThan(Math.max(1, frameCount - frames * stride + 1));
        expect(Math.max(...indices)).toBeLessThan(frameCount);
      }),
    );
  });

  it('draws every start, the first and the last among them', () => {
    const clip = { frameCount: 36, frames: 16, stride: 2 };
    const starts = Array.from({ length: 400 }, (_, i) => denseClip(clip, stream(i))[0]);
    expect([...new Set(starts)].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    [1, [0, 0, 0, 0]],
    [2, [0, 0, 0, 0]],
    [5, [0, 3, 3, 3]],
    [8, [0, 3, 6, 6]],
    [11, [0, 3, 6, 9]],
  ])('repeats the last reachable of %i frames', (frameCount, indices) => {
    expect(denseClip({ frameCount, frames: 4, stride: 3 }, stream(0))).toEqual(indices);
  });
});

describe('centreDenseClip', () => {
  it('leaves as many frames before as after it, the odd one after', () => {
    expect(centreDenseClip({ frameCount: 21, frames: 4, stride: 4 })).toEqual([2, 6, 10, 14]);
    expect(centreDenseClip({ frameCount: 3, frames: 4, stride: 4 })).toEqual([0, 0, 0, 0]);
  });
});

describe('segmentClip', () => {
  it('takes one frame of each segment', () => {
    fc.assert(
      fc.property(CLIP, fc.nat(1000), ({ frameCount, frames }, sample) => {
        const segment = Math.floor(frameCount / frames);
        const indices = segmentClip({ frameCount, frames }, stream(sample));
        for (const [i, index] of indices.entries()) {
          expect(Math.floor(index / Math.max(1, segment))).toBe(segment === 0 ? 0 : i);
        }
      }),
    );
  });
});

describe('segmentTestClip', () => {
  it('parts the sorted starts and middles of the segments between its two clips', () => {
    const video = { frameCount: 10, frames: 4 };
    expect(segmentTestClip(video, 0)).toEqual([0, 2, 5, 7]);
    expect(segmentTestClip(video, 1)).toEqual([1, 3, 6, 8]);
    expect(segmentTestClip({ frameCount: 1, frames: 3 }, 1)).toEqual([0, 0, 0]);
  });
});

describe('multiScaleCrop', () => {
  it('has 10 sizes, height outermost, at most one step apart', () => {
    expect(
      multiScaleCropSizes({ width: 320, height: 256 }, 224).map((s) => [s.width, s.height]),
    ).toEqual([
      [256, 256],
      [224, 256],
      [256, 224],
      [224, 224],
      [192, 224],
      [224, 192],
      [192, 192],
      [168, 192],
      [192, 168],
      [168, 168],
    ]);
  });

  it('snaps a side within 2 pixels of the output, unless the frame is too small for it', () => {
    expect(multiScaleCropSizes({ width: 300, height: 226 }, 224)[0]).toEqual({
      width: 224,
      height: 224,
    });
    expect(multiScaleCropSizes({ width: 300, height: 227 }, 224)[0]).toEqual({
      width: 227,
      height: 227,
    });
    expect(multiScaleCropSizes({ width: 223, height: 300 }, 224)[0]).toEqual({
      width: 223,
      height: 223,
    });
  });

  it('has 13 places in quarter steps', () => {
    const boxes = multiScaleCropBoxes({ width: 25, height: 14 }, { width: 10, height: 10 });
    expect(boxes.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [12, 0],
      [0, 4],
      [12, 4],
      [6, 2],
      [0, 2],
      [12, 2],
      [6, 4],
      [6, 0],
      [3, 1],
      [9, 1],
      [3, 3],
      [9, 3],
    ]);
  });

  it('stays inside the frame, also of 1 pixel', () => {
    const side = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(side, side, fc.nat(1000), (width, height, sample) => {
        const box = multiScaleCrop({ width, height }, 224, stream(sample));
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(1);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(box.y + box.height).toBeLessThanOrEqual(height);
      }),
    );
  });
});

describe('randomResizedCrop', () => {
  const side = fc.integer({ min: 1, max: 500 });

  it('lies in the frame', () => {
    fc.assert(
      fc.property(side, side, fc.nat(1000), (width, height, sample) => {
        const box = randomResizedCrop({ width, height }, stream(sample));
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(1);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(box.y + box.height).toBeLessThanOrEqual(height);
      }),
    );
  });

  it('has half of the area to all of it, in shapes from 3:4 to 4:3, evenly', () => {
    const boxes = Array.from({ length: 2000 }, (_, sample) =>
      randomResizedCrop({ width: 1000, height: 1000 }, stream(sample)),
    );
    const areas = boxes.map(({ width, height }) => (width * height) / 1e6);
    const shapes = boxes.map(({ width, height }) => Math.log(width / height));
    expect(Math.min(...areas)).toBeGreaterThan(0.499);
    expect(Math.max(...areas)).toBeLessThanOrEqual(1);
    // Tall and wide boxes of nearly all of the area do not fit: smaller ones are more frequent.
    const mean = areas.reduce((a, b) => a + b, 0) / areas.length;
    expect(mean).toBeGreaterThan(0.65);
    expect(mean).toBeLessThan(0.75);
    expect(Math.max(...shapes.map(Math.abs))).toBeLessThan(Math.log(4 / 3) + 0.002);
    expect(Math.max(...shapes)).toBeGreaterThan(0.25);
    expect(Math.min(...shapes)).toBeLessThan(-0.25);
    for (const axis of ['x', 'y'] as const) {
      expect(new Set(boxes.map((box) => box[axis])).size).toBeGreaterThan(100);
    }
  });

  it('is the middle where no try fits', () => {
    const wide = randomResizedCrop({ width: 900, height: 90 }, stream(1));
    expect(wide).toEqual({ x: 390, y: 0, width: 120, height: 90 });
    const tall = randomResizedCrop({ width: 90, height: 900 }, stream(1));
    expect(tall).toEqual({ x: 0, y: 390, width: 90, height: 120 });
  });

  it('has a vector', () => {
    expect(randomResizedCrop({ width: 640, height: 480 }, stream(5))).toMatchInlineSnapshot(`
      {
        "height": 392,
        "width": 491,
        "x": 85,
        "y": 22,
      }
    `);
  });
});

describe('centreCrop', () => {
  it('is the largest square, its corner rounded down', () => {
    expect(centreCrop({ width: 10, height: 5 })).toEqual({ x: 2, y: 0, width: 5, height: 5 });
    expect(centreCrop({ width: 1, height: 4 })).toEqual({ x: 0, y: 1, width: 1, height: 1 });
  });
});

const SAMPLING: ClipSampling = {
  frames: 4,
  size: 32,
  rule: { name: 'dense', stride: 2 },
  crop: 'multi-scale',
  flip: true,
};
const VIDEO = { width: 640, height: 480, frameCount: 300 };
const ADDRESS = { seed: 1, epoch: 0, sample: 5, replicate: 0 };

describe('trainingClip', () => {
  it('is a function of the address, and of every part of it', () => {
    const clip = trainingClip(VIDEO, SAMPLING, ADDRESS);
    expect(trainingClip(VIDEO, SAMPLING, { ...ADDRESS })).toEqual(clip);
    for (const change of [{ seed: 2 }, { epoch: 1 }, { sample: 6 }, { replicate: 1 }]) {
      expect(trainingClip(VIDEO, SAMPLING, { ...ADDRESS, ...change })).not.toEqual(clip);
    }
  });

  it('has vectors', () => {
    expect(trainingClip(VIDEO, SAMPLING, ADDRESS)).toMatchInlineSnapshot(`
      {
        "crop": {
          "height": 480,
          "width": 480,
          "x": 40,
          "y": 0,
        },
        "flip": true,
        "indices": [
          86,
          88,
          90,
          92,
        ],
        "size": {
          "height": 32,
          "width": 32,
        },
      }
    `);
    expect(
      trainingClip(VIDEO, { ...SAMPLING, rule: { name: 'segments' } }, ADDRESS),
    ).toMatchInlineSnapshot(`
      {
        "crop": {
          "height": 480,
          "width": 480,
          "x": 40,
          "y": 0,
        },
        "flip": true,
        "indices": [
          22,
          139,
          201,
          243,
        ],
        "size": {
          "height": 32,
          "width": 32,
        },
      }
    `);
  });

  it('draws each thing from a stream of its own', () => {
    const clip = trainingClip(VIDEO, SAMPLING, ADDRESS);
    const plain = trainingClip(VIDEO, { ...SAMPLING, crop: 'centre', flip: false }, ADDRESS);
    expect(plain.indices).toEqual(clip.indices);
    expect(plain.crop).toEqual(centreCrop(VIDEO));
    expect(plain.flip).toBe(false);
  });

  it('mirrors about half of the clips', () => {
    const clips = Array.from({ length: 400 }, (_, sample) =>
      trainingClip(VIDEO, SAMPLING, { ...ADDRESS, sample }),
    );
    const flipped = clips.filter(({ flip }) => flip).length;
    expect(flipped).toBeGreaterThan(150);
    expect(flipped).toBeLessThan(250);
  });
});

describe('evaluationClip', () => {
  it('takes the middle of the video and of the frame', () => {
    const { indices, crop, flip } = evaluationClip({ ...VIDEO, frameCount: 11 }, SAMPLING);
    expect(indices).toEqual([1, 3, 5, 7]);
    expect(crop).toEqual({ x: 80, y: 0, width: 480, height: 480 });
    expect(flip).toBe(false);
  });
});

describe('captionChoice', () => {
  it('takes every caption of a sample in turn of epochs, and none of none', () => {
    const epochs = Array.from({ length: 60 }, (_, epoch) =>
      captionChoice(3, { ...ADDRESS, epoch }),
    );
    expect([...new Set(epochs)].sort()).toEqual([0, 1, 2]);
    expect(captionChoice(0, ADDRESS)).toBe(-1);
    expect(captionChoice(1, ADDRESS)).toBe(0);
  });
});

describe('windows of an evaluation', () => {
  it('are the one clip where there is one, and else lie over the whole video', () => {
    const clip = { frameCount: 21, frames: 4, stride: 4 };
    expect(windowDenseClip(clip, { index: 0, count: 1 })).toEqual(centreDenseClip(clip));
    const windows = [0, 1, 2].map((index) => windowDenseClip(clip, { index, count: 3 }));
    expect(windows).toEqual([
      [0, 4, 8, 12],
      [2, 6, 10, 14],
      [5, 9, 13, 17],
    ]);
    expect(windowDenseClip({ ...clip, frameCount: 3 }, { index: 2, count: 3 })).toEqual([
      0, 0, 0, 0,
    ]);
    const video = { frameCount: 12, frames: 3 };
    expect(windowSegmentClip(video, { index: 0, count: 1 })).toEqual(segmentTestClip(video, 1));
    expect([0, 1].map((index) => windowSegmentClip(video, { index, count: 2 }))).toEqual([
      [1, 5, 9],
      [3, 7, 11],
    ]);
  });

  it('have frames of the video, whatever its length', () => {
    for (let frameCount = 1; frameCount < 40; frameCount++) {
      for (const rule of [{ name: 'dense', stride: 3 }, { name: 'segments' }] as const) {
        for (let index = 0; index < 5; index++) {
          const video = { width: 8, height: 8, frameCount };
          const sampling = { frames: 4, size: 8, rule };
          const { indices } = evaluationClip(video, sampling, { index, count: 5 });
          expect(indices).toHaveLength(4);
          for (const frame of indices) {
            expect(frame).toBeGreaterThanOrEqual(0);
            expect(frame).toBeLessThan(frameCount);
          }
          expect([...indices].sort((a, b) => a - b)).toEqual(indices);
        }
      }
    }
  });
});
