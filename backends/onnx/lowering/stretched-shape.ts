import type { Shape } from '../../../spec/program/index.js';

/** The shape that ONNX broadcasts these shapes to: aligned at the last axis, 1 stretches. */
export function stretchedShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}
