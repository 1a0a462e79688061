import { type ClipAddress, clipStream, type DemoContent, oppositeColour } from './content.js';
import { type Rgb, toYuv, YUV_BYTES } from './frame.js';
import { drawPath } from './motion.js';
import { type Box, paintShape } from './paint-shape.js';
import { COLOUR_RGB, drawScenery } from './scenery.js';

/** A clip before it is encoded. */
export interface RenderedClip {
  /** Each frame in planar YUV 4:2:0. */
  readonly frames: Uint8Array[];
  /** The main object's box in each frame; null where it cannot be seen. */
  readonly boxes: (Box | null)[];
  /** The main object's share of each frame's area, 0 to 1. */
  readonly shares: number[];
}

/**
 * Draws the frames of a clip: the same bytes on any machine.
 *
 * @param wanted Which of them. @defaultValue all
 */
export function renderClip(
  content: DemoContent,
  address: ClipAddress,
  wanted?: ReadonlySet<number>,
): RenderedClip {
  const scenery = drawScenery(content, clipStream(address, 'scenery'));
  const path = drawPath(content.motion, content.size, clipStream(address, 'path'));
  const from = COLOUR_RGB[content.colour];
  const to = COLOUR_RGB[oppositeColour(content.colour)];
  const clip: RenderedClip = { frames: [], boxes: [], shares: [] };
  for (const [index, pose] of path.entries()) {
    if (wanted?.has(index) === false) continue;
    const picture = scenery.slice();
    const blend = (channel: 0 | 1 | 2): number =>
      from[channel] + (to[channel] - from[channel]) * pose.turned;
    const colour: Rgb = [blend(0), blend(1), blend(2)];
    const seen = pose.visible
      ? paintShape(picture, content.shape, pose, colour)
      : { box: null, share: 0 };
    const frame = new Uint8Array(YUV_BYTES);
    toYuv(picture, frame);
    clip.frames.push(frame);
    clip.boxes.push(seen.box);
    clip.shares.push(seen.share);
  }
  return clip;
}
