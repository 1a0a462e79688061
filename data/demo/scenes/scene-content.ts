import {
  type ClipAddress,
  COLOURS,
  type Colour,
  clipStream,
  entry,
  SHAPES,
  type Shape,
  shuffled,
} from '../content.js';

/** What the main object does. A single frame tells none of them. */
export const ACTIONS = [
  'right',
  'left',
  'up',
  'down',
  'circling',
  'bouncing',
  'growing',
  'shrinking',
  'blinking',
  'resting',
] as const;
export const PLACES = [
  'meadow',
  'beach',
  'sea',
  'desert',
  'snow',
  'forest',
  'street',
  'night',
] as const;
export const CAMERAS = ['fixed', 'handheld', 'right', 'left', 'up', 'down'] as const;

export type Action = (typeof ACTIONS)[number];
export type Place = (typeof PLACES)[number];
export type CameraMotion = (typeof CAMERAS)[number];

/** What a clip of version 2 shows: an object that acts, in a textured place, among others, before a camera. */
export interface SceneContent {
  readonly colour: Colour;
  readonly shape: Shape;
  readonly action: Action;
  readonly place: Place;
  readonly camera: CameraMotion;
  /** One or two smaller objects that lie still in the place, of other colours. */
  readonly others: readonly { readonly colour: Colour; readonly shape: Shape }[];
  /** Whether a small grey shape drifts through. No caption names it. */
  readonly drifts: boolean;
}

/** The combination that is held out of the train clips. */
export function sceneCombination({ colour, shape, action }: SceneContent): string {
  return `${colour} ${shape} ${action}`;
}

/**
 * The 64 held-out contents, in an order drawn from the seed: every pair of a colour and a place once, shapes a Latin
 * square over that grid, actions spread evenly; so each is told from all others by what every caption names.
 */
export function testScenes(seed: number): SceneContent[] {
  const stream = clipStream({ seed, split: 'test', index: 0xffff_ffff }, 'sceneContent');
  const cells = COLOURS.length * PLACES.length;
  const actions = shuffled(cells, stream);
  return shuffled(cells, stream).map((cell, index) => {
    const [colour, place] = [cell % COLOURS.length, Math.floor(cell / COLOURS.length)];
    return {
      colour: entry(COLOURS, colour),
      shape: entry(SHAPES, colour + place),
      action: entry(ACTIONS, actions[cell] ?? 0),
      place: entry(PLACES, place),
      ...drawRest({ seed, split: 'test', index }, colour),
    };
  });
}

/** The content of a train clip: drawn evenly, but never a held-out (colour, shape, action). */
export function trainScene(
  seed: number,
  index: number,
  heldOut: ReadonlySet<string>,
): SceneContent {
  const address: ClipAddress = { seed, split: 'train', index };
  const draw = clipStream(address, 'sceneContent');
  for (;;) {
    const colour = draw.integer(COLOURS.length);
    const content = {
      colour: entry(COLOURS, colour),
      shape: entry(SHAPES, draw.integer(SHAPES.length)),
      action: entry(ACTIONS, draw.integer(ACTIONS.length)),
      place: entry(PLACES, draw.integer(PLACES.length)),
      ...drawRest(address, colour),
    };
    if (!heldOut.has(sceneCombination(content))) return content;
  }
}

/** Camera, others and what drifts: the camera moves in three of four clips, something drifts in half of them. */
function drawRest(
  address: ClipAddress,
  colour: number,
): Pick<SceneContent, 'camera' | 'others' | 'drifts'> {
  const draw = clipStream(address, 'camera');
  const moves = draw.integer(4) > 0;
  const camera = moves ? entry(CAMERAS, 1 + draw.integer(CAMERAS.length - 1)) : 'fixed';
  const others = Array.from({ length: 1 + draw.integer(2) }, () => ({
    // Any colour but the main object's.
    colour: entry(COLOURS, colour + 1 + draw.integer(COLOURS.length - 1)),
    shape: entry(SHAPES, draw.integer(SHAPES.length)),
  }));
  return { camera, others, drifts: draw.integer(2) === 0 };
}
