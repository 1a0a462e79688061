import type { RandomStream } from '../../../spec/random/stream.js';
import { FRAME_COUNT, FRAME_SIDE } from '../frame.js';
import { BLINK_FRAMES, BOUNCE_FRAMES, CENTRE, type Pose, turned } from '../motion.js';
import type { Action, CameraMotion } from './scene-content.js';

/** Pixels from the middle of a path to its ends. */
const REACH = 16;

/** A point in pixels, y downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The main object's pose in every frame, in pixels of the place. Paths are shorter than the frame and lie anywhere in its
 * middle, and sizes overlap: where an object is, or how large, does not tell what it does.
 */
export function drawAction(action: Action, stream: RandomStream): Pose[] {
  const radius = 7 + 4 * stream.uniform();
  const aside = (): number => CENTRE + 10 * (2 * stream.uniform() - 1);
  const rest: Pose = { x: aside(), y: aside(), radius, visible: true, turned: 0 };
  const phase = stream.integer(FRAME_COUNT);
  const sign = stream.integer(2) * 2 - 1;
  return Array.from({ length: FRAME_COUNT }, (_, frame) =>
    poseAt(frame, action, rest, phase, sign),
  );
}

function poseAt(frame: number, action: Action, rest: Pose, phase: number, sign: number): Pose {
  const progress = frame / (FRAME_COUNT - 1);
  const across = REACH * (2 * progress - 1);
  switch (action) {
    case 'right':
      return { ...rest, x: rest.x + across };
    case 'left':
      return { ...rest, x: rest.x - across };
    case 'down':
      return { ...rest, y: rest.y + across };
    case 'up':
      return { ...rest, y: rest.y - across };
    case 'circling': {
      const [x, y] = turned(frame + phase);
      return { ...rest, x: rest.x + 0.7 * REACH * x, y: rest.y + 0.7 * REACH * sign * y };
    }
    case 'bouncing': {
      const part = ((frame + phase) % BOUNCE_FRAMES) / BOUNCE_FRAMES;
      return { ...rest, y: rest.y + 8 - 5 * REACH * part * (1 - part) };
    }
    case 'growing':
      return { ...rest, radius: rest.radius * (0.5 + 0.9 * progress) };
    case 'shrinking':
      return { ...rest, radius: rest.radius * (1.4 - 0.9 * progress) };
    case 'blinking':
      return { ...rest, visible: Math.floor((frame + phase) / BLINK_FRAMES) % 2 === 0 };
    case 'resting':
      return rest;
  }
}

/** Pixels that a camera turns to one side over a clip. */
const PAN = 12;
const DIRECTIONS = { right: [1, 0], left: [-1, 0], down: [0, 1], up: [0, -1] } as const;

/** Where the camera looks in every frame, as pixels from the middle of the place: within 8 of it. */
export function drawCamera(camera: CameraMotion, stream: RandomStream): Point[] {
  let [x, y] = [0, 0];
  return Array.from({ length: FRAME_COUNT }, (_, frame) => {
    if (camera === 'fixed') return { x: 0, y: 0 };
    if (camera === 'handheld') {
      // A walk that is drawn back to the middle.
      x = 0.8 * x + 1.6 * (2 * stream.uniform() - 1);
      y = 0.8 * y + 1.6 * (2 * stream.uniform() - 1);
      return { x, y };
    }
    const along = PAN * (frame / (FRAME_COUNT - 1) - 0.5);
    const [right, down] = DIRECTIONS[camera];
    return { x: right * along, y: down * along };
  });
}

/** Where a small shape drifts: straight through the frame, at the pace of a pan. */
export function drawDrift(stream: RandomStream): Point[] {
  const from = { x: FRAME_SIDE * stream.uniform(), y: FRAME_SIDE * stream.uniform() };
  const [right, down] = [2 * stream.uniform() - 1, 2 * stream.uniform() - 1];
  return Array.from({ length: FRAME_COUNT }, (_, frame) => ({
    x: from.x + (right * 20 * frame) / (FRAME_COUNT - 1),
    y: from.y + (down * 20 * frame) / (FRAME_COUNT - 1),
  }));
}
