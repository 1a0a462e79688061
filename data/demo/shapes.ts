import type { Shape } from './content.js';

/** The half side of a box around any shape of radius 1. */
export const SHAPE_REACH = 1.2;

/**
 * The signed distance in pixels from the point (x, y), y downwards, to the edge of a shape about
 * the origin; negative inside. Near corners it may be short of the distance, never of the sign.
 * Only + - * / and square roots, so that every machine draws the same picture.
 */
export function signedDistance(shape: Shape, x: number, y: number, radius: number): number {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  switch (shape) {
    case 'circle':
      return length(x, y) - radius;
    case 'square':
      return Math.max(ax, ay) - 0.86 * radius;
    case 'diamond':
      return (ax + ay - 1.15 * radius) * Math.SQRT1_2;
    case 'triangle':
      return Math.max(y, 0.8660254 * ax - 0.5 * y) - 0.58 * radius;
    case 'cross': {
      const arm = 0.32 * radius;
      return Math.min(Math.max(ax - radius, ay - arm), Math.max(ax - arm, ay - radius));
    }
    case 'ring':
      return Math.abs(length(x, y) - 0.76 * radius) - 0.26 * radius;
    case 'crescent':
      return Math.max(
        length(x, y) - radius,
        0.8 * radius - length(x - 0.55 * radius, y + 0.15 * radius),
      );
    case 'star':
      return star(ax, -y, 1.1 * radius);
  }
}

/** A five-pointed star of outer radius r, folded along its mirror lines; y upwards, x >= 0. */
function star(x: number, y: number, r: number): number {
  const cosine = 0.809016994;
  const sine = 0.587785252;
  const first = 2 * Math.max(cosine * x - sine * y, 0);
  x -= first * cosine;
  y += first * sine;
  const second = 2 * Math.max(-cosine * x - sine * y, 0);
  x += second * cosine;
  y += second * sine;
  x = Math.abs(x);
  y -= r;
  const inner = 0.45;
  const edgeX = inner * sine;
  const edgeY = inner * cosine - 1;
  const along = (x * edgeX + y * edgeY) / (edgeX * edgeX + edgeY * edgeY);
  const clamped = Math.min(Math.max(along, 0), r);
  const distance = length(x - edgeX * clamped, y - edgeY * clamped);
  return y * edgeX - x * edgeY < 0 ? -distance : distance;
}

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
