import type { RandomStream } from '../../spec/random/stream.js';
import type { Motion, Size } from './content.js';
import { FRAME_COUNT, FRAME_SIDE } from './frame.js';

/** Where the main object is in one frame, and how it looks. Pixels; y downwards. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly visible: boolean;
  /** How far its colour has turned into the opposite one: 0 to 1. */
  readonly turned: number;
}

const RADIUS: Readonly<Record<Size, number>> = { small: 7, big: 13 };
export const CENTRE: number = FRAME_SIDE / 2;
export const BOUNCE_FRAMES = 12;
export const BLINK_FRAMES = 4;
const SHAKE = [0, 1, 0.5, -0.5, -1];
/** Cosine and sine of 15 degrees: one turn in 24 frames. */
const TURN = [0.9659258262890683, 0.25881904510252074] as const;

/**
 * The main object's pose in every frame. Each motion shows in any 16 neighbouring frames, also when
 * only every second, third or fourth of them is seen: periods are chosen so that none hides.
 */
export function drawPath(motion: Motion, size: Size, stream: RandomStream): Pose[] {
  const radius = RADIUS[size] * (0.92 + 0.16 * stream.uniform());
  const reach = CENTRE - radius - 1;
  const aside = Math.min(reach, 8);
  const chance: Chance = {
    reach,
    rest: {
      x: CENTRE + aside * (2 * stream.uniform() - 1),
      y: CENTRE + aside * (2 * stream.uniform() - 1),
      radius,
      visible: true,
      turned: 0,
    },
    phase: stream.integer(FRAME_COUNT),
    signX: stream.integer(2) * 2 - 1,
    signY: stream.integer(2) * 2 - 1,
  };
  return Array.from({ length: FRAME_COUNT }, (_, frame) => poseAt(frame, motion, chance));
}

/** What is drawn once for a whole clip. */
interface Chance {
  /** The pose of an object that stands still. */
  readonly rest: Pose;
  /** How far the object's centre can go from the frame's. */
  readonly reach: number;
  readonly phase: number;
  readonly signX: number;
  readonly signY: number;
}

function poseAt(frame: number, motion: Motion, { rest, reach, phase, signX, signY }: Chance): Pose {
  const progress = frame / (FRAME_COUNT - 1);
  /** From one end of the frame to the other. */
  const across = reach * (2 * progress - 1);
  switch (motion) {
    case 'right':
      return { ...rest, x: CENTRE + across };
    case 'left':
      return { ...rest, x: CENTRE - across };
    case 'down':
      return { ...rest, y: CENTRE + across };
    case 'up':
      return { ...rest, y: CENTRE - across };
    case 'diagonal':
      return { ...rest, x: CENTRE + signX * across, y: CENTRE + signY * across };
    case 'circling': {
      const [cosine, sine] = turned(frame + phase);
      return { ...rest, x: CENTRE + reach * cosine, y: CENTRE + reach * signY * sine };
    }
    case 'growing':
      return { ...rest, radius: rest.radius * (0.4 + progress) };
    case 'shrinking':
      return { ...rest, radius: rest.radius * (1.4 - progress) };
    case 'bouncing': {
      const part = ((frame + phase) % BOUNCE_FRAMES) / BOUNCE_FRAMES;
      return { ...rest, y: CENTRE + reach - 8 * reach * part * (1 - part) };
    }
    case 'blinking':
      return { ...rest, visible: Math.floor((frame + phase) / BLINK_FRAMES) % 2 === 0 };
    case 'shaking':
      return { ...rest, x: rest.x + 5 * (SHAKE[(frame + phase) % SHAKE.length] ?? 0) };
    case 'recolouring':
      return { ...rest, turned: Math.min(Math.max((frame - FRAME_COUNT / 2 + 2) / 3, 0), 1) };
  }
}

/** The point (1, 0) after a number of turns by 15 degrees. */
export function turned(turns: number): readonly [cosine: number, sine: number] {
  let [x, y] = [1, 0];
  for (let i = 0; i < turns; i++) {
    [x, y] = [x * TURN[0] - y * TURN[1], x * TURN[1] + y * TURN[0]];
  }
  return [x, y];
}
