import { noFrameDecodes } from './refusal.js';
import type { VideoPath } from './video-path.js';
import type { FrameRequest, Frames } from './video-reader.js';

/** A frame of a request: the pixels of frame `index`, which stands for the one that was asked for. */
export interface FoundFrame {
  readonly index: number;
  readonly pixels: Uint8Array;
}

/**
 * The frames to decode for a request: its indices, ascending, each once, without those that are
 * beyond the end.
 *
 * @throws LacunaError when none is left.
 */
export function wantedFrames(
  path: VideoPath,
  { indices }: FrameRequest,
  frameCount: number,
): readonly number[] {
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  const inside = wanted.filter((index) => index < frameCount);
  if (inside.length === 0) throw noFrameDecodes(path, wanted[0]);
  return inside;
}

/**
 * Lays decoded frames out as asked; `found` has one for each frame wanted for which there is one. For
 * an index beyond the end, or before the first frame that decodes, the nearest one stands.
 */
export function assembleFrames(
  path: VideoPath,
  request: FrameRequest,
  found: ReadonlyMap<number, FoundFrame>,
  decodedFrames: number,
): Frames {
  const bytes = request.size.width * request.size.height * 3;
  const data = new Uint8Array(request.indices.length * bytes);
  const keys = [...found.keys()].sort((a, b) => a - b);
  const [first, last] = [keys[0], keys.at(-1)];
  if (first === undefined || last === undefined) throw noFrameDecodes(path, request.indices[0]);
  const indices = request.indices.map((asked, t) => {
    const frame = found.get(asked) ?? found.get(asked > last ? last : first);
    if (frame === undefined) throw noFrameDecodes(path, asked);
    data.set(frame.pixels, t * bytes);
    return frame.index;
  });
  return { data, indices, decodedFrames };
}
