import type { Shape } from './content.js';
import { FRAME_SIDE, type Picture, type Rgb } from './frame.js';
import { SHAPE_REACH, signedDistance } from './shapes.js';

/** A box of pixels: left and top included, right and bottom excluded. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** What a painted shape covers. */
export interface Footprint {
  /** The pixels that are covered at least by half; null if there is none. */
  readonly box: Box | null;
  /** Covered pixels, counting partly covered ones in part, over the pixels of the frame. */
  readonly share: number;
}

/**
 * Paints a shape over a picture. Edges are anti-aliased: a pixel's cover is 1/2 minus the signed
 * distance of its centre in pixels, clamped to [0, 1].
 */
export function paintShape(
  picture: Picture,
  shape: Shape,
  { x, y, radius }: { readonly x: number; readonly y: number; readonly radius: number },
  [red, green, blue]: Rgb,
): Footprint {
  const reach = SHAPE_REACH * radius + 1;
  const firstX = Math.max(0, Math.floor(x - reach));
  const firstY = Math.max(0, Math.floor(y - reach));
  const endX = Math.min(FRAME_SIDE, Math.ceil(x + reach));
  const endY = Math.min(FRAME_SIDE, Math.ceil(y + reach));
  let [left, top, right, bottom] = [endX, endY, 0, 0];
  let covered = 0;
  for (let py = firstY; py < endY; py++) {
    for (let px = firstX; px < endX; px++) {
      const distance = signedDistance(shape, px + 0.5 - x, py + 0.5 - y, radius);
      if (distance >= 0.5) continue;
      const cover = Math.min(0.5 - distance, 1);
      covered += cover;
      if (cover >= 0.5) {
        left = Math.min(left, px);
        right = Math.max(right, px + 1);
        top = Math.min(top, py);
        bottom = Math.max(bottom, py + 1);
      }
      const place = (py * FRAME_SIDE + px) * 3;
      picture[place] = mix(picture[place] ?? 0, red, cover);
      picture[place + 1] = mix(picture[place + 1] ?? 0, green, cover);
      picture[place + 2] = mix(picture[place + 2] ?? 0, blue, cover);
    }
  }
  return {
    box: right === 0 ? null : [left, top, right, bottom],
    share: covered / (FRAME_SIDE * FRAME_SIDE),
  };
}

function mix(under: number, over: number, cover: number): number {
  return under + (over - under) * cover;
}
