import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { colourFlow, constantFlow, flowGraph } from '../../backends/onnx/testing/flow-graph.js';
import { drawMask } from '../../spec/masking/draw-mask.js';
import { RandomStream } from '../../spec/random/stream.js';
import { flowMap } from './clip-motion.js';
import { FlowModel } from './flow-model.js';
import { modelFlowMap } from './model-flow-map.js';

let folder = '';
const open: FlowModel[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-model-flow-'));
});
afterAll(async () => {
  await Promise.all(open.map((model) => model.release()));
  await rm(folder, { recursive: true, force: true });
});

async function modelOf(bytes: Uint8Array, side: number): Promise<FlowModel> {
  const path = join(folder, `${open.length}.onnx`);
  await writeFile(path, bytes);
  const model = await FlowModel.open({ path }, side);
  open.push(model);
  return model;
}

const sized = (height: number, width: number) => ({
  inputs: [0, 1].map(() => [1, 3, height, width]),
});

/** Noise that moves by (x, y) pixels a frame. */
function movingNoise(frames: number, side: number, x: number, y: number): Uint8Array {
  const noise = new RandomStream({ seed: 4, stream: 'test' });
  const values = Uint8Array.from({ length: 256 * 256 }, () => noise.integer(256));
  return Uint8Array.from({ length: frames * side * side * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const t = Math.floor(pixel / side ** 2);
    const row = Math.floor((pixel % side ** 2) / side);
    return values[(row + 64 - y * t) * 256 + (pixel % side) + 64 - x * t] as number;
  });
}

/** Frames of one colour each: red 10 t, green 7, blue 10 t + 5. */
function colours(frames: number, width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: frames * width * height * 3 }, (_, i) => {
    const t = Math.floor(i / (3 * width * height));
    return [10 * t, 7, 10 * t + 5][i % 3] as number;
  });
}

describe('modelFlowMap', () => {
  it('asks for the flow from each frame to its neighbour nearer to the middle', async () => {
    const model = await modelOf(colourFlow(), 128);
    const clip = { video: colours(5, 128, 128), width: 128, height: 128, patch: 16 };
    const flow = await modelFlowMap(clip, model);
    expect(flow.length).toBe(5 * 16 * 16 * 2);
    for (let t = 0; t < 5; t++) {
      const nearer = t < 2 ? t + 1 : t - 1;
      const vectors = new Set<string>();
      for (let n = 0; n < 256; n++) {
        const at = 2 * (t * 256 + n);
        vectors.add(`${flow[at]} ${flow[at + 1]}`);
      }
      // 256 / 16 units to a pixel; the middle frame has none.
      const expected = t === 2 ? '0 0' : `${16 * 10 * t} ${16 * (10 * nearer + 5)}`;
      expect(vectors).toEqual(new Set([expected]));
    }
  });

  it('is where the model says, by row and column: each quarter has the mean of its pixels', async () => {
    // The first frame's red is its flow to the right: a ramp down, another across.
    const [width, height] = [80, 48];
    const video = Uint8Array.from({ length: 2 * width * height * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3) % (width * height);
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return i < 3 * width * height ? row + 2 * column : 9;
    });
    const model = await modelOf(colourFlow(sized(height, width)), 80);
    const flow = await modelFlowMap({ video, width, height, patch: 16 }, model);
    for (let n = 0; n < 60; n++) {
      const [row, column] = [Math.floor(n / 10), n % 10];
      expect([flow[2 * n], flow[2 * n + 1]]).toEqual([
        16 * (8 * row + 3.5 + 2 * (8 * column + 3.5)),
        16 * 9,
      ]);
    }
  });

  it.each([
    ['up, to the least that RAFT takes', 64, constantFlow(6, -10, { open: true }), [3, -5]],
    ['down', 160, constantFlow(6, -10, sized(80, 40)), [24, -20]],
    ['up to a multiple of 8', 156, constantFlow(20, -40, { open: true }), [19.5, -39]],
  ])('scales the vectors back where frames are resized %s', async (_, side, bytes, expected) => {
    const model = await modelOf(bytes, side);
    const video = movingNoise(2, side, 1, 0);
    const flow = await modelFlowMap({ video, width: side, height: side, patch: 4 }, model);
    const vectors = new Set<string>();
    const length = side ** 2 / 2;
    for (let at = 0; at < length; at += 2) vectors.add(`${flow[at]},${flow[at + 1]}`);
    expect([...vectors]).toEqual([expected.map((pixels) => 64 * pixels).join()]);
  });

  it('rounds halves upwards and stops at the ends of int16', async () => {
    const video = movingNoise(2, 128, 1, 0);
    const clip = { video, width: 128, height: 128, patch: 16 };
    const half = await modelFlowMap(clip, await modelOf(constantFlow(1.5 / 16, -1.5 / 16), 128));
    expect([half[0], half[1]]).toEqual([2, -1]);
    const far = await modelFlowMap(clip, await modelOf(constantFlow(1e6, -1e6), 128));
    expect([far[0], far[1]]).toEqual([0x7fff, -0x8000]);
  });

  it('gives the quarters of an odd patch the pixels that they touch', async () => {
    const side = 56;
    const video = Uint8Array.from({ length: 2 * side * side * 3 }, (_, i) =>
      i < side * side * 3 ? Math.floor(i / 3) % side : 0,
    );
    const model = await modelOf(colourFlow(sized(side, side)), side);
    const flow = await modelFlowMap({ video, width: side, height: side, patch: 7 }, model);
    // Columns 0 to 3 and 3 to 6: means 1.5 and 4.5, of 256 / 7 units a pixel.
    expect([flow[0], flow[2]]).toEqual([55, 165]);
  });

  it('does not ask between frames of equal pixels: nothing moves', async () => {
    const video = new Uint8Array(3 * 128 * 128 * 3).fill(9);
    const model = await modelOf(constantFlow(5, 5), 128);
    const flow = await modelFlowMap({ video, width: 128, height: 128, patch: 16 }, model);
    expect(flow.every((value) => value === 0)).toBe(true);
  });

  it('draws the mask that exact block matching draws, when it says the same', async () => {
    const [side, patch] = [128, 16];
    const clip = { video: movingNoise(2, side, 16, -8), width: side, height: side, patch };
    const matched = flowMap(clip);
    // Content that leaves the picture cannot be matched: the rest is exact.
    const exact = (n: number): boolean => n % 16 < 14 && n >= 16;
    for (let n = 0; n < 256; n++) {
      if (exact(n)) expect([matched[2 * n], matched[2 * n + 1]]).toEqual([256, -128]);
    }
    const constant = await modelFlowMap(clip, await modelOf(constantFlow(16, -8), side));
    const pixels = Float32Array.from({ length: 2 * side * side }, (_, i) => {
      const [axis, y, x] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
      return (matched[2 * (Math.floor(y / 8) * 16 + Math.floor(x / 8)) + axis] as number) / 16;
    });
    const same = flowGraph(
      (graph) => {
        graph.initializer('pixels', { dtype: 'f32', shape: [1, 2, side, side] }, pixels);
        return [{ value: 'pixels', shape: [1, 2, side, side] }];
      },
      sized(side, side),
    );
    const modelled = await modelFlowMap(clip, await modelOf(same, side));
    expect(modelled).toEqual(matched);
    const grid = { slots: 1, rows: 8, columns: 8 };
    const masked = (map: Int16Array, seed: number): string =>
      drawMask({ kind: 'flow-warped' }, grid, { seed, epoch: 0, sample: 1 }, map).masked.join();
    const masks = Array.from({ length: 20 }, (_, seed) => masked(modelled, seed));
    expect(masks).toEqual(masks.map((_, seed) => masked(matched, seed)));
    // And the motion matters for them.
    const still = masks.map((_, seed) => masked(new Int16Array(matched.length), seed));
    expect(masks).not.toEqual(still);
    expect([...constant].filter((value, i) => exact(i >> 1) && value !== matched[i])).toEqual([]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a flow of %d', async (value) => {
    const model = await modelOf(constantFlow(1, value), 128);
    const video = movingNoise(2, 128, 1, 0);
    await expect(
      modelFlowMap({ video, width: 128, height: 128, patch: 16 }, model),
    ).rejects.toThrow(/not finite; got (NaN|Infinity) from frame 0 of the clip to frame 1/);
  });
});
