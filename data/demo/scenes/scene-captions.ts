import type { RandomStream } from '../../../spec/random/stream.js';
import { article, drawSentences, MOTION_PHRASES } from '../captions.js';
import { entry } from '../content.js';
import type { Action, Place, SceneContent } from './scene-content.js';

const ACTION_PHRASES: Readonly<Record<Action, readonly (readonly [string, string])[]>> = {
  ...MOTION_PHRASES,
  resting: [
    ['lies still', 'lying still'],
    ['does not move', 'that does not move'],
    ['rests', 'resting'],
  ],
};

const PLACE_PHRASES: Readonly<Record<Place, readonly string[]>> = {
  meadow: ['in a meadow', 'over green grass', 'on a meadow in summer'],
  beach: ['on a beach', 'over the sand of a beach', 'at a sunny beach'],
  sea: ['at sea', 'over the waves of the sea', 'on the open sea'],
  desert: ['in a desert', 'over the dunes of a desert', 'in the hot desert'],
  snow: ['in the snow', 'over a field of snow', 'on white snow'],
  forest: ['in a forest', 'among the trees of a forest', 'in the dark forest'],
  street: ['in a street', 'by the brick wall of a street', 'on a street in town'],
  night: ['at night', 'under the stars of the night', 'in a dark night'],
};

interface Words {
  /** `a red star`. */
  readonly object: string;
  readonly acts: string;
  readonly acting: string;
  readonly place: string;
  /** Empty, or another object with a leading space. */
  readonly beside: string;
}

const TEMPLATES: readonly ((w: Words) => string)[] = [
  (w) => `${w.object} ${w.acts} ${w.place}${w.beside}.`,
  (w) => `${w.place}, ${w.object} ${w.acts}${w.beside}.`,
  (w) => `there is ${w.object} ${w.acting} ${w.place}${w.beside}.`,
  (w) => `the video shows ${w.object} ${w.acting} ${w.place}${w.beside}.`,
  (w) => `see how ${w.object}${w.beside} ${w.acts} ${w.place}.`,
];

/**
 * Three captions of one clip of version 2, of different build. Each names the main object's colour and shape, what it does, and
 * the place; about a third of them another object too.
 */
export function drawSceneCaptions(content: SceneContent, stream: RandomStream): string[] {
  return drawSentences(TEMPLATES, stream, () => drawWords(content, stream));
}

function drawWords(
  { colour, shape, action, place, others }: SceneContent,
  stream: RandomStream,
): Words {
  const pick = <T>(list: readonly T[]): T => entry(list, stream.integer(list.length));
  const [acts, acting] = pick(ACTION_PHRASES[action]);
  const other = pick(others);
  const named = stream.integer(3) === 0;
  return {
    object: `${article(colour)} ${colour} ${shape}`,
    acts,
    acting,
    place: pick(PLACE_PHRASES[place]),
    beside: named ? ` next to ${article(other.colour)} ${other.colour} ${other.shape}` : '',
  };
}
