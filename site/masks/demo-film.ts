import type { DemoVersion } from '../../data/demo/demo-options.js';
import { plannedClips } from '../../data/demo/demo-version.js';
import { DRAWN_INFO, DRAWN_TIMES } from '../../data/demo/drawn-clip.js';
import { FRAME_SIDE } from '../../data/demo/frame.js';
import { toRgb } from '../../data/demo/frame-rgb.js';
import type { Box } from '../../data/demo/paint-shape.js';
import type { FrameRequest, Frames } from '../../data/video/video-reader.js';
import type { SimilaritySource } from '../../run/masked-clip/masked-clip.js';
import { quantizeSimilarity } from '../../spec/index.js';
import type { Film } from './film.js';

/** Held-out clips of a version. */
export const DEMO_CLIPS = 64;

/** A clip of the demo data, drawn here: the same bytes on any machine. */
export function demoFilm(version: DemoVersion, index: number): Film {
  const clips = plannedClips({ version, seed: 0, trainClips: 1, testClips: DEMO_CLIPS });
  const clip = clips.find(({ address }) => address.split === 'test' && address.index === index);
  if (clip === undefined) throw new Error(`the demo has no clip ${index}`);
  const { frames, boxes } = clip.render();
  const pixels = frames.map(toRgb);
  return {
    id: `test-${String(index).padStart(5, '0')}.mp4`,
    info: DRAWN_INFO,
    frameTimes: DRAWN_TIMES,
    read: async (request) => enlarged(pixels, request),
    similarity: boxSimilarity(boxes),
    [Symbol.dispose]: () => {},
  };
}

/** The frames at another size: each pixel is the nearest one of the box, so that the result is exact. */
function enlarged(
  pixels: readonly Uint8Array[],
  { indices, crop, size: { width, height } }: FrameRequest,
): Frames {
  const data = new Uint8Array(indices.length * width * height * 3);
  let to = 0;
  for (const index of indices) {
    const frame = pixels[index] as Uint8Array;
    for (let y = 0; y < height; y++) {
      const row = crop.y + Math.floor((y * crop.height) / height);
      for (let x = 0; x < width; x++) {
        const from = 3 * (row * FRAME_SIDE + crop.x + Math.floor((x * crop.width) / width));
        for (let channel = 0; channel < 3; channel++) data[to++] = frame[from + channel] as number;
      }
    }
  }
  return { data, indices, decodedFrames: indices.length };
}

/**
 * Stands in for a teacher: as the similarity of a token and a caption of the main object, the share of the token that
 * the object's box covers, the mean of its frames. A teacher looks at pixels and is less sure.
 */
function boxSimilarity(boxes: readonly (Box | null)[]): SimilaritySource {
  return async ({ frameIndices, tubelet, grid, crop }) => {
    const { slots, rows, columns } = grid;
    const [width, height] = [crop.width / columns, crop.height / rows];
    const shares = new Float64Array(slots * rows * columns);
    for (const [t, index] of frameIndices.entries()) {
      const box = boxes[index];
      if (box === null || box === undefined) continue;
      const [left, top, right, bottom] = box;
      const start = Math.floor(t / tubelet) * rows * columns;
      for (let place = 0; place < rows * columns; place++) {
        const x = crop.x + (place % columns) * width;
        const y = crop.y + Math.floor(place / columns) * height;
        const across = Math.min(right, x + width) - Math.max(left, x);
        const down = Math.min(bottom, y + height) - Math.max(top, y);
        if (across <= 0 || down <= 0) continue;
        shares[start + place] =
          (shares[start + place] as number) + (across * down) / (width * height * tubelet);
      }
    }
    return quantizeSimilarity(shares);
  };
}
