import { noFrameDecodes } from './refusal.js';
import type { FrameRequest, Frames } from './video-reader.js';

/** The frames to decode for a request: its indices, ascending, each once. */
export function wantedFrames({ indices }: FrameRequest): readonly number[] {
  return [...new Set(indices)].sort((a, b) => a - b);
}

/**
 * Lays decoded frames out as asked: `pixels[k]` is frame `wanted[k]`, and when the video ended early
 * there are fewer of them than wanted; then the last one stands for those that are missing.
 */
export function assembleFrames(
  path: string,
  request: FrameRequest,
  wanted: readonly number[],
  pixels: readonly Uint8Array[],
  decodedFrames: number,
): Frames {
  const bytes = request.size.width * request.size.height * 3;
  const data = new Uint8Array(request.indices.length * bytes);
  const placeOf = new Map(wanted.map((index, place) => [index, place]));
  const last = pixels.length - 1;
  const indices = request.indices.map((index, t) => {
    const place = Math.min(placeOf.get(index) ?? last, last);
    const frame = pixels[place];
    if (frame === undefined) throw noFrameDecodes(path, wanted[0]);
    data.set(frame, t * bytes);
    return wanted[place] ?? index;
  });
  return { data, indices, decodedFrames };
}
