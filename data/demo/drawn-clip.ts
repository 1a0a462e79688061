import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';
import { assembleFrames, type FoundFrame, wantedFrames } from '../video/assemble-frames.js';
import { UPRIGHT } from '../video/orientation.js';
import { checkRequest, refusal } from '../video/refusal.js';
import { readVideo, videoBytes } from '../video/video-file.js';
import { shownPath, type VideoPath } from '../video/video-path.js';
import type { FrameRequest, Frames, VideoInfo, VideoReader } from '../video/video-reader.js';
import type { ClipAddress } from './content.js';
import { DEMO_VERSIONS, type DemoVersion } from './demo-options.js';
import { type PlannedClip, plannedClip } from './demo-version.js';
import { FRAME_COUNT, FRAME_SIDE, FRAMES_PER_SECOND } from './frame.js';
import { toRgb } from './frame-rgb.js';

/** No drawn clip's file is longer. */
const MAX_BYTES = 256;
const BEGIN = '{"drawn":';

const SCHEMA = z.strictObject({
  drawn: z.literal('lacuna-demo'),
  version: z.literal(DEMO_VERSIONS),
  seed: z.int().min(0),
  split: z.enum(['train', 'test']),
  index: z.int().min(0).max(49_999),
});

/**
 * What the file of a drawn clip holds: which clip of the demo's generator it is. It is drawn anew whenever it is
 * read, the same on any machine, a browser's too: a data set of thousands of clips is a few hundred kilobytes.
 */
export function drawnClipText(version: DemoVersion, { seed, split, index }: ClipAddress): string {
  return `${JSON.stringify({ drawn: 'lacuna-demo', version, seed, split, index })}\n`;
}

/**
 * The reader of a drawn clip; undefined for every other file, which a decoder then says what it is of.
 *
 * @throws LacunaError for a file that begins as a drawn clip and is none that the generator has.
 */
export async function openDrawnClip(path: VideoPath): Promise<VideoReader | undefined> {
  // What cannot be read, the decoder tells of.
  const bytes = await videoBytes(path).catch(() => undefined);
  if (bytes === undefined || bytes > MAX_BYTES) return undefined;
  const text = (await readVideo(path, MAX_BYTES)).toString('utf8');
  if (!text.startsWith(BEGIN)) return undefined;
  const { version, ...address } = recipeOf(path, text);
  const clip = plannedClip(version, address);
  if (clip !== undefined) return new DrawnReader(path, clip);
  throw refusal(path, 'the generator has no such clip', JSON.stringify(address));
}

function recipeOf(path: VideoPath, text: string): z.infer<typeof SCHEMA> {
  try {
    return SCHEMA.parse(JSON.parse(text));
  } catch (cause) {
    throw new LacunaError(
      {
        where: shownPath(path),
        what: 'this is no drawn clip that this version draws',
        got: text.trim(),
        expected: drawnClipText(1, { seed: 0, split: 'train', index: 0 }).trim(),
      },
      { cause },
    );
  }
}

/** Every drawn clip as a video. */
export const DRAWN_INFO: VideoInfo = {
  width: FRAME_SIDE,
  height: FRAME_SIDE,
  codec: 'drawn',
  container: 'drawn',
  stored: { width: FRAME_SIDE, height: FRAME_SIDE },
  orientation: UPRIGHT,
  frameCount: FRAME_COUNT,
};

/** When its frames are shown, in microseconds. */
export const DRAWN_TIMES: Float64Array = Float64Array.from({ length: FRAME_COUNT }, (_, frame) =>
  Math.round((1e6 * frame) / FRAMES_PER_SECOND),
);

/** A clip of the demo as a video; its frames are drawn when they are asked for. */
class DrawnReader implements VideoReader {
  readonly info: VideoInfo = DRAWN_INFO;
  readonly frameTimes: Float64Array = DRAWN_TIMES;
  readonly #path: VideoPath;
  readonly #clip: PlannedClip;

  constructor(path: VideoPath, clip: PlannedClip) {
    this.#path = path;
    this.#clip = clip;
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    this.#requireWhole(request);
    const wanted = wantedFrames(this.#path, request, FRAME_COUNT);
    const { frames } = this.#clip.render(new Set(wanted));
    const found = new Map(
      wanted.map((index, i): [number, FoundFrame] => {
        const pixels = toRgb(frames[i] as Uint8Array);
        return [index, { index, pixels: request.flip ? mirrored(pixels) : pixels }];
      }),
    );
    return assembleFrames(this.#path, request, found, wanted.length);
  }

  [Symbol.dispose](): void {}

  #requireWhole({ crop, size }: FrameRequest): void {
    const sides = [crop.width, crop.height, size.width, size.height];
    if (sides.every((side) => side === FRAME_SIDE)) return;
    throw new LacunaError({
      where: shownPath(this.#path),
      what: 'drawn clips are read whole, in their own size: nothing here scales them',
      got: `${crop.width} x ${crop.height} as ${size.width} x ${size.height}`,
      expected: `clip.size ${FRAME_SIDE} and clip.crop "centre"`,
      fix: 'Take these, or the clips of `lacuna demo`, which are videos.',
    });
  }
}

/** A frame RGB24 with left and right exchanged. */
function mirrored(frame: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(frame.length);
  for (let at = 0; at < FRAME_SIDE * FRAME_SIDE; at++) {
    const x = at % FRAME_SIDE;
    const source = 3 * (at - x + FRAME_SIDE - 1 - x);
    pixels.set(frame.subarray(source, source + 3), 3 * at);
  }
  return pixels;
}
