import { MASK_KINDS, type MaskKindName, tokenCount } from '../../spec/index.js';
import { Canvas } from './canvas.js';
import type { ClipMask } from './masked-clip.js';
import { frameOf, heatFrame, heatOf, maskedFrame } from './paint.js';

const MAX_COLUMNS = 8;
/** Small frames are enlarged by a whole factor to about this side. */
const SIDE = 160;
const GAP = 4;

/** What is shown of frame t, from top to bottom: the frame, its mask, the map that guided it. */
export function maskViews(
  clip: ClipMask,
  kind: MaskKindName,
): (t: number) => readonly Uint8Array[] {
  const flags = new Uint8Array(tokenCount(clip.grid));
  for (const n of clip.mask.masked) flags[n] = 1;
  const { map: name } = MASK_KINDS[kind];
  const heat =
    clip.map === undefined || name === undefined ? undefined : heatOf(name, clip.map, clip.grid);
  return (t) => [
    frameOf(clip, t),
    maskedFrame(clip, t, flags),
    ...(heat === undefined ? [] : [heatFrame(clip, t, heat)]),
  ];
}

/** Up to eight slots side by side, the first frame of each. */
export function contactSheet(clip: ClipMask, kind: MaskKindName): Canvas {
  const { grid, tubelet, size } = clip;
  const columns = Math.min(MAX_COLUMNS, grid.slots);
  const shown = Array.from({ length: columns }, (_, i) =>
    Math.floor((i * grid.slots) / columns),
  ).map((slot) => maskViews(clip, kind)(slot * tubelet));
  const factor = Math.max(1, Math.round(SIDE / size));
  const step = size * factor + GAP;
  const canvas = new Canvas(columns * step - GAP, (shown[0]?.length ?? 0) * step - GAP);
  shown.forEach((column, x) => {
    column.forEach((pixels, y) => {
      canvas.place(pixels, size, x * step, y * step, factor);
    });
  });
  return canvas;
}

/** Every frame of the clip with its views side by side; sides are even, as the codec needs. */
export function filmFrames(clip: ClipMask, kind: MaskKindName): readonly Canvas[] {
  const { frames, size } = clip;
  const factor = Math.max(1, Math.round(SIDE / size));
  const step = size * factor + GAP;
  const even = (side: number): number => side + (side % 2);
  const viewsOf = maskViews(clip, kind);
  return Array.from({ length: frames }, (_, t) => {
    const row = viewsOf(t);
    const canvas = new Canvas(even(row.length * step - GAP), even(step - GAP));
    row.forEach((pixels, x) => {
      canvas.place(pixels, size, x * step, 0, factor);
    });
    return canvas;
  });
}
