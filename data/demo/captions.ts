import type { RandomStream } from '../../spec/random/stream.js';
import {
  type Background,
  type Colour,
  type DemoContent,
  entry,
  type Motion,
  oppositeColour,
  type Size,
} from './content.js';

/** Each motion as "the object ..." and as "an object ..." (present participle). */
export const MOTION_PHRASES: Readonly<Record<Motion, readonly (readonly [string, string])[]>> = {
  right: [
    ['moves to the right', 'moving to the right'],
    ['slides right', 'sliding right'],
    ['travels from left to right', 'travelling from left to right'],
  ],
  left: [
    ['moves to the left', 'moving to the left'],
    ['slides left', 'sliding left'],
    ['travels from right to left', 'travelling from right to left'],
  ],
  up: [
    ['moves up', 'moving up'],
    ['rises upwards', 'rising upwards'],
    ['climbs to the top', 'climbing to the top'],
  ],
  down: [
    ['moves down', 'moving down'],
    ['sinks downwards', 'sinking downwards'],
    ['falls to the bottom', 'falling to the bottom'],
  ],
  diagonal: [
    ['moves diagonally', 'moving diagonally'],
    ['goes from corner to corner', 'going from corner to corner'],
    ['slides along a diagonal', 'sliding along a diagonal'],
  ],
  circling: [
    ['moves in a loop', 'moving in a loop'],
    ['goes round and round', 'going round and round'],
    ['orbits the middle', 'orbiting the middle'],
  ],
  growing: [
    ['grows', 'growing'],
    ['gets larger and larger', 'getting larger and larger'],
    ['expands', 'expanding'],
  ],
  shrinking: [
    ['shrinks', 'shrinking'],
    ['gets smaller and smaller', 'getting smaller and smaller'],
    ['contracts', 'contracting'],
  ],
  bouncing: [
    ['bounces', 'bouncing'],
    ['hops up and down', 'hopping up and down'],
    ['jumps again and again', 'jumping again and again'],
  ],
  blinking: [
    ['blinks', 'blinking'],
    ['flashes on and off', 'flashing on and off'],
    ['vanishes and comes back', 'vanishing and coming back'],
  ],
  shaking: [
    ['shakes', 'shaking'],
    ['trembles from side to side', 'trembling from side to side'],
    ['wobbles quickly', 'wobbling quickly'],
  ],
  recolouring: [
    ['turns', 'turning'],
    ['changes colour to', 'changing colour to'],
    ['becomes', 'becoming'],
  ],
};

const BACKGROUND_PHRASES: Readonly<Record<Background, readonly string[]>> = {
  black: ['a black background', 'a plain black backdrop', 'a dark black screen'],
  white: ['a white background', 'a plain white backdrop', 'a bright white screen'],
  brown: ['a brown background', 'a plain brown backdrop', 'an earthy brown screen'],
  navy: ['a navy background', 'a plain navy backdrop', 'a deep navy screen'],
  gradient: ['a gradient background', 'a backdrop with a smooth gradient', 'a grey gradient'],
  stripes: ['a striped background', 'a backdrop with stripes', 'grey stripes'],
  checker: ['a checkered background', 'a backdrop like a chessboard', 'a checkerboard'],
  noise: ['a noisy background', 'a backdrop of random noise', 'a grainy texture'],
};

const SIZE_WORDS: Readonly<Record<Size, readonly string[]>> = {
  small: ['small', 'little', 'tiny'],
  big: ['big', 'large', 'huge'],
};

interface Words {
  readonly size: string;
  readonly colour: Colour;
  readonly shape: string;
  readonly moves: string;
  readonly moving: string;
  readonly background: string;
  /** Empty, or the second object with a leading space. */
  readonly beside: string;
}

const TEMPLATES: readonly ((w: Words) => string)[] = [
  (w) => `a ${w.size} ${w.colour} ${w.shape} ${w.moves} on ${w.background}${w.beside}.`,
  (w) => `on ${w.background}, a ${w.size} ${w.colour} ${w.shape} ${w.moves}${w.beside}.`,
  (w) => `there is a ${w.size} ${w.colour} ${w.shape} ${w.moving} over ${w.background}${w.beside}.`,
  (w) => `${w.background} with a ${w.size} ${w.colour} ${w.shape} that ${w.moves}${w.beside}.`,
  (w) => `the ${w.colour} ${w.shape} is ${w.size} and ${w.moves} on ${w.background}${w.beside}.`,
  (w) =>
    `the video shows a ${w.size} ${w.shape} in ${w.colour} ${w.moving} on ${w.background}${w.beside}.`,
];

/** Captions of a demo clip. */
export const CAPTIONS_PER_CLIP = 3;

/**
 * Three captions of one clip, of different build. Each names the main object's size, colour and
 * shape, its motion, and the background; about half of them also name a second object.
 */
export function drawCaptions(content: DemoContent, stream: RandomStream): string[] {
  return drawSentences(TEMPLATES, stream, () => drawWords(content, stream));
}

/** A sentence for each caption of a clip, of templates of which none comes twice, each with words of its own. */
export function drawSentences<W>(
  templates: readonly ((words: W) => string)[],
  stream: RandomStream,
  words: () => W,
): string[] {
  const left = [...templates];
  return Array.from({ length: CAPTIONS_PER_CLIP }, () => {
    const [template] = left.splice(stream.integer(left.length), 1);
    const sentence = template?.(words()) ?? '';
    return sentence.charAt(0).toUpperCase() + sentence.slice(1);
  });
}

function drawWords(content: DemoContent, stream: RandomStream): Words {
  const pick = <T>(list: readonly T[]): T => entry(list, stream.integer(list.length));
  const [moves, moving] = pick(MOTION_PHRASES[content.motion]);
  const suffix = content.motion === 'recolouring' ? ` ${oppositeColour(content.colour)}` : '';
  const { second } = content;
  const named = stream.integer(2) === 0 && second !== null;
  return {
    size: pick(SIZE_WORDS[content.size]),
    colour: content.colour,
    shape: content.shape,
    moves: moves + suffix,
    moving: moving + suffix,
    background: pick(BACKGROUND_PHRASES[content.background]),
    beside: named ? ` next to ${article(second.colour)} ${second.colour} ${second.shape}` : '',
  };
}

export function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}
