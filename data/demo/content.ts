import { RandomStream } from '../../spec/random/stream.js';

export const COLOURS = [
  'red',
  'orange',
  'yellow',
  'green',
  'cyan',
  'blue',
  'purple',
  'pink',
] as const;
export const SHAPES = [
  'circle',
  'square',
  'triangle',
  'star',
  'cross',
  'ring',
  'diamond',
  'crescent',
] as const;
export const SIZES = ['small', 'big'] as const;
export const MOTIONS = [
  'right',
  'left',
  'up',
  'down',
  'diagonal',
  'circling',
  'growing',
  'shrinking',
  'bouncing',
  'blinking',
  'shaking',
  'recolouring',
] as const;
export const BACKGROUNDS = [
  'black',
  'white',
  'brown',
  'navy',
  'gradient',
  'stripes',
  'checker',
  'noise',
] as const;

export type Colour = (typeof COLOURS)[number];
export type Shape = (typeof SHAPES)[number];
export type Size = (typeof SIZES)[number];
export type Motion = (typeof MOTIONS)[number];
export type Background = (typeof BACKGROUNDS)[number];

/** What a demo clip shows: its main object, what that does, where, and beside what. */
export interface DemoContent {
  readonly colour: Colour;
  readonly shape: Shape;
  readonly size: Size;
  readonly motion: Motion;
  readonly background: Background;
  /** A still, small, coloured object in a corner. */
  readonly second: { readonly colour: Colour; readonly shape: Shape } | null;
  /** How many small grey shapes lie about: 0, 1 or 2. No caption names them. */
  readonly greyShapes: number;
}

/** The purposes of a clip's draws: each has a word space of its own, so none shifts another. */
export const REPLICATES = {
  content: 0,
  path: 1,
  scenery: 2,
  captions: 3,
  sceneContent: 4,
  action: 5,
  place: 6,
  sceneCaptions: 7,
  camera: 8,
} as const;

/** Where the draws of one clip come from. Train and test clips are numbered from 0, each. */
export interface ClipAddress {
  readonly seed: number;
  readonly split: 'train' | 'test';
  readonly index: number;
}

export function clipStream(
  { seed, split, index }: ClipAddress,
  purpose: keyof typeof REPLICATES,
): RandomStream {
  const epoch = split === 'train' ? 0 : 1;
  return new RandomStream({
    seed,
    stream: 'demo',
    replicate: REPLICATES[purpose],
    epoch,
    sample: index,
  });
}

/** The colour that an object of a given colour turns into: the one across the hue circle. */
export function oppositeColour(colour: Colour): Colour {
  return entry(COLOURS, COLOURS.indexOf(colour) + COLOURS.length / 2);
}

/** The number of test contents: one for each pair of a colour and a background. */
export const TEST_CONTENTS: number = COLOURS.length * BACKGROUNDS.length;

/**
 * The held-out contents, in an order drawn from the seed. Every pair of a colour and a background
 * occurs once, so any two clips differ in something that every caption names. Shapes form a Latin
 * square over that grid and motions are spread evenly, so that no triple (colour, shape, motion)
 * occurs twice, and each shape 8 times.
 */
export function testContents(seed: number): DemoContent[] {
  const stream = new RandomStream({ seed, stream: 'demo', epoch: 2 });
  const motions = shuffled(TEST_CONTENTS, stream);
  return shuffled(TEST_CONTENTS, stream).map((cell, index) => {
    const colour = cell % COLOURS.length;
    const background = Math.floor(cell / COLOURS.length);
    const draw = clipStream({ seed, split: 'test', index }, 'content');
    return {
      colour: entry(COLOURS, colour),
      shape: entry(SHAPES, colour + background),
      motion: entry(MOTIONS, motions[cell] ?? 0),
      background: entry(BACKGROUNDS, background),
      ...drawRest(draw, colour),
    };
  });
}

/** The content of a train clip: drawn evenly, but never a held-out (colour, shape, motion). */
export function trainContent(
  seed: number,
  index: number,
  heldOut: ReadonlySet<string>,
): DemoContent {
  const draw = clipStream({ seed, split: 'train', index }, 'content');
  for (;;) {
    const colour = draw.integer(COLOURS.length);
    const content = {
      colour: entry(COLOURS, colour),
      shape: entry(SHAPES, draw.integer(SHAPES.length)),
      motion: entry(MOTIONS, draw.integer(MOTIONS.length)),
      background: entry(BACKGROUNDS, draw.integer(BACKGROUNDS.length)),
      ...drawRest(draw, colour),
    };
    if (!heldOut.has(combination(content))) return content;
  }
}

/** The combination that is held out of the train clips. */
export function combination({ colour, shape, motion }: DemoContent): string {
  return `${colour} ${shape} ${motion}`;
}

type Rest = Pick<DemoContent, 'size' | 'second' | 'greyShapes'>;

/** Size, and by quarters: nothing beside the object (twice), a second object, grey shapes. */
function drawRest(draw: RandomStream, colour: number): Rest {
  const size = entry(SIZES, draw.integer(SIZES.length));
  const beside = draw.integer(4);
  const second = {
    // Any colour but the main object's.
    colour: entry(COLOURS, colour + 1 + draw.integer(COLOURS.length - 1)),
    shape: entry(SHAPES, draw.integer(SHAPES.length)),
  };
  const greyShapes = 1 + draw.integer(2);
  return {
    size,
    second: beside === 2 ? second : null,
    greyShapes: beside === 3 ? greyShapes : 0,
  };
}

/** The integers below n in an order drawn from the stream (Fisher-Yates from the end). */
export function shuffled(n: number, stream: RandomStream): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** The entry at an index, counted round and round. */
export function entry<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
