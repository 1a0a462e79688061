import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClipAddress, COLOURS, clipStream } from '../content.js';
import { FRAME_COUNT, FRAME_SIDE } from '../frame.js';
import { drawAction, drawCamera } from './action.js';
import { PLACE_MARGIN, paintPlace, viewOf } from './place.js';
import { renderScene } from './render-scene.js';
import { drawSceneCaptions } from './scene-captions.js';
import {
  ACTIONS,
  CAMERAS,
  PLACES,
  sceneCombination,
  testScenes,
  trainScene,
} from './scene-content.js';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const trainAt = (index: number): ClipAddress => ({ seed: 0, split: 'train', index });

describe('the held-out scenes', () => {
  it('pair each colour with each place once, and none of their actions was trained on with its object', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const held = testScenes(seed);
        expect(new Set(held.map(({ colour, place }) => `${colour} ${place}`)).size).toBe(64);
        const combinations = new Set(held.map(sceneCombination));
        expect(combinations.size).toBe(64);
        const counts = ACTIONS.map((name) => held.filter(({ action }) => action === name).length);
        for (const count of counts) expect([6, 7]).toContain(count);
        for (let index = 0; index < 50; index++)
          expect(combinations.has(sceneCombination(trainScene(seed, index, combinations)))).toBe(
            false,
          );
      }),
      { numRuns: 10 },
    );
  });
});

describe('a scene', () => {
  const held = new Set<string>();
  const scenes = Array.from({ length: 400 }, (_, index) => trainScene(0, index, held));

  it('has every action, place, colour and camera, others that are not of the main colour, and still as well as moving ones', () => {
    expect(new Set(scenes.map(({ action }) => action)).size).toBe(ACTIONS.length);
    expect(new Set(scenes.map(({ place }) => place)).size).toBe(PLACES.length);
    expect(new Set(scenes.map(({ camera }) => camera)).size).toBe(CAMERAS.length);
    expect(new Set(scenes.map(({ colour }) => colour)).size).toBe(COLOURS.length);
    expect(scenes.filter(({ drifts }) => drifts).length).toBeGreaterThan(150);
    for (const { colour, others } of scenes) {
      expect([1, 2]).toContain(others.length);
      for (const other of others) expect(other.colour).not.toBe(colour);
    }
  });

  it('shows its object wherever the camera looks, but where it blinks', () => {
    for (let index = 0; index < 40; index++) {
      const content = trainScene(0, index, held);
      const { boxes, frames } = renderScene(content, trainAt(index));
      expect([boxes.length, frames.length]).toEqual([FRAME_COUNT, FRAME_COUNT]);
      const seen = boxes.filter((box) => box !== null).length;
      if (content.action === 'blinking') expect([seen > 7, seen < 17]).toEqual([true, true]);
      else expect(seen, JSON.stringify(content)).toBe(FRAME_COUNT);
    }
  });

  it('has texture everywhere: no row of any place is of one brightness', () => {
    for (const place of PLACES) {
      const picture = viewOf(paintPlace(place, clipStream(trainAt(3), 'place')), 0, 0);
      for (let y = 0; y < FRAME_SIDE; y++) {
        const row = picture
          .subarray(y * FRAME_SIDE * 3, (y + 1) * FRAME_SIDE * 3)
          .filter((_, i) => i % 3 === 1);
        expect(Math.max(...row) - Math.min(...row), `${place} ${y}`).toBeGreaterThan(3);
      }
    }
  });

  it('moves with the camera, by whole pixels and parts of one', () => {
    const place = paintPlace('street', clipStream(trainAt(1), 'place'));
    const [still, moved, half] = [viewOf(place, 0, 0), viewOf(place, 3, -2), viewOf(place, 0.5, 0)];
    const at = (picture: Float32Array, x: number, y: number): number =>
      picture[(y * FRAME_SIDE + x) * 3] ?? -1;
    for (const [x, y] of [
      [10, 10],
      [40, 50],
      [20, 33],
    ] as const) {
      expect(at(moved, x - 3, y + 2)).toBe(at(still, x, y));
      expect(at(half, x, y)).toBeCloseTo((at(still, x, y) + at(still, x + 1, y)) / 2, 3);
    }
  });

  it('never shows what lies outside of its place', () => {
    for (const camera of CAMERAS) {
      for (let index = 0; index < 50; index++) {
        for (const { x, y } of drawCamera(camera, clipStream(trainAt(index), 'place')))
          expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(PLACE_MARGIN - 1);
      }
    }
  });

  it('is the same bytes on any machine', () => {
    const hash = createHash('sha256');
    for (const index of [0, 1, 2, 3]) {
      for (const frame of renderScene(trainScene(7, index, held), { ...trainAt(index), seed: 7 })
        .frames)
        hash.update(frame);
    }
    expect(hash.digest('hex')).toBe(
      '82c9a3f694eb9728f4d6edfad9db8ecf067a6cee69f0afcc0562764d7a73611a',
    );
  });
});

describe('an action', () => {
  it('cannot be told from one frame: opposite ones pass through the same poses', () => {
    for (const [one, other] of [
      ['right', 'left'],
      ['up', 'down'],
      ['growing', 'shrinking'],
    ] as const) {
      const [a, b] = [one, other].map((action) =>
        drawAction(action, clipStream(trainAt(5), 'action')),
      );
      for (const [frame, pose] of (a ?? []).entries()) {
        const mirrored = b?.[FRAME_COUNT - 1 - frame];
        expect(mirrored?.x).toBeCloseTo(pose.x, 9);
        expect(mirrored?.y).toBeCloseTo(pose.y, 9);
        expect(mirrored?.radius).toBeCloseTo(pose.radius, 9);
      }
    }
  });
});

describe('captions of scenes', () => {
  it('are three sentences that name colour, shape and place, in words of that action and place alone', () => {
    const words = (key: 'action' | 'place', value: string): Set<string> => {
      const base = {
        ...trainScene(0, 0, new Set()),
        colour: 'red',
        shape: 'ring',
        action: 'up',
        place: 'sea',
        others: [{ colour: 'blue', shape: 'star' }],
      } as const;
      const all = Array.from({ length: 40 }, (_, index) =>
        drawSceneCaptions({ ...base, [key]: value }, clipStream(trainAt(index), 'sceneCaptions')),
      );
      for (const captions of all) {
        expect(new Set(captions).size).toBe(3);
        for (const caption of captions) expect(caption).toMatch(/^[A-Z].*red ring.*\.$/i);
      }
      return new Set(all.flat());
    };
    for (const [key, values] of [
      ['action', ACTIONS],
      ['place', PLACES],
    ] as const) {
      const sets = values.map((value) => words(key, value));
      expect(new Set(sets.flatMap((set) => [...set])).size).toBe(
        sets.reduce((sum, { size }) => sum + size, 0),
      );
    }
  });
});
