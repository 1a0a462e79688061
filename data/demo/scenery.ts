import type { RandomStream } from '../../spec/random/stream.js';
import { type Colour, type DemoContent, entry, SHAPES } from './content.js';
import { FRAME_SIDE, newPicture, type Picture, type Rgb } from './frame.js';
import { paintShape } from './paint-shape.js';

export const COLOUR_RGB: Readonly<Record<Colour, Rgb>> = {
  red: [228, 26, 36],
  orange: [255, 140, 10],
  yellow: [250, 228, 40],
  green: [34, 168, 62],
  cyan: [30, 215, 225],
  blue: [45, 95, 250],
  purple: [142, 46, 190],
  pink: [255, 125, 190],
};

const SECOND_RADIUS = 5;
const GREY_RADIUS = 4;
const CORNER_INSET = 8;

/** The background with all that stands still on it: the same in every frame of a clip. */
export function drawScenery(content: DemoContent, stream: RandomStream): Picture {
  const picture = newPicture();
  const shade = pixelShade(content.background, stream);
  for (let y = 0; y < FRAME_SIDE; y++) {
    for (let x = 0; x < FRAME_SIDE; x++) picture.set(shade(x, y), (y * FRAME_SIDE + x) * 3);
  }
  let corner = stream.integer(4);
  if (content.second !== null) {
    const { shape, colour } = content.second;
    paintShape(
      picture,
      shape,
      { ...cornerPoint(corner), radius: SECOND_RADIUS },
      COLOUR_RGB[colour],
    );
  }
  for (let i = 0; i < content.greyShapes; i++) {
    corner += 1 + stream.integer(2);
    const shape = entry(SHAPES, stream.integer(SHAPES.length));
    const grey = 105 + stream.integer(60);
    const place = { ...cornerPoint(corner), radius: GREY_RADIUS };
    paintShape(picture, shape, place, [grey, grey, grey]);
  }
  return picture;
}

function cornerPoint(corner: number): { x: number; y: number } {
  const far = FRAME_SIDE - CORNER_INSET;
  return {
    x: corner % 2 === 0 ? CORNER_INSET : far,
    y: corner % 4 < 2 ? CORNER_INSET : far,
  };
}

/** The colour of a background's pixel. Every background but the plain ones varies from clip to clip. */
function pixelShade(
  background: DemoContent['background'],
  stream: RandomStream,
): (x: number, y: number) => Rgb {
  const offset = stream.integer(FRAME_SIDE);
  const jitter = stream.integer(13) - 6;
  const grey = (value: number): Rgb => [value + jitter, value + jitter, value + jitter];
  switch (background) {
    case 'black':
      return () => [8 + jitter, 8 + jitter, 8 + jitter];
    case 'white':
      return () => [247 + jitter, 247 + jitter, 247 + jitter];
    case 'brown':
      return () => [108 + jitter, 72 + jitter, 44 + jitter];
    case 'navy':
      return () => [18 + jitter, 24 + jitter, 84 + jitter];
    case 'gradient':
      return (_, y) => grey(40 + (190 * y) / (FRAME_SIDE - 1));
    case 'stripes':
      return (x) => grey(((x + offset) >> 2) % 2 === 0 ? 70 : 190);
    case 'checker':
      return (x, y) => grey((((x + offset) >> 3) + ((y + offset) >> 3)) % 2 === 0 ? 60 : 200);
    case 'noise': {
      const cells = FRAME_SIDE / 2;
      const grains = Float32Array.from(
        { length: cells * cells },
        () => 70 + 130 * stream.uniform(),
      );
      return (x, y) => grey(grains[(y >> 1) * cells + (x >> 1)] ?? 0);
    }
  }
}
