import { type ClipAddress, clipStream, entry, SHAPES } from '../content.js';
import { FRAME_SIDE, toYuv, YUV_BYTES } from '../frame.js';
import { paintShape } from '../paint-shape.js';
import type { RenderedClip } from '../render-clip.js';
import { COLOUR_RGB } from '../scenery.js';
import { drawAction, drawCamera, drawDrift } from './action.js';
import { paintPlace, viewOf } from './place.js';
import type { SceneContent } from './scene-content.js';

const OTHER_RADIUS = 5;
const DRIFTING_RADIUS = 3;

/**
 * Draws the frames of a clip of version 2: the same bytes on any machine. Boxes are of the main object.
 *
 * @param wanted Which of them. @defaultValue all
 */
export function renderScene(
  content: SceneContent,
  address: ClipAddress,
  wanted?: ReadonlySet<number>,
): RenderedClip {
  const stream = clipStream(address, 'place');
  const place = paintPlace(content.place, stream);
  const path = drawAction(content.action, clipStream(address, 'action'));
  const camera = drawCamera(content.camera, stream);
  const corner = stream.integer(4);
  const drift = content.drifts ? drawDrift(stream) : [];
  const driftingShape = entry(SHAPES, stream.integer(SHAPES.length));
  const grey = 90 + stream.integer(80);
  const clip: RenderedClip = { frames: [], boxes: [], shares: [] };
  for (const [frame, pose] of path.entries()) {
    if (wanted?.has(frame) === false) continue;
    const { x, y } = camera[frame] ?? { x: 0, y: 0 };
    const picture = viewOf(place, x, y);
    for (const [index, { shape, colour }] of content.others.entries()) {
      const at = cornerPoint(corner + index * 3);
      const seen = { x: at.x - x, y: at.y - y, radius: OTHER_RADIUS };
      paintShape(picture, shape, seen, COLOUR_RGB[colour]);
    }
    const seen = pose.visible
      ? paintShape(
          picture,
          content.shape,
          { ...pose, x: pose.x - x, y: pose.y - y },
          COLOUR_RGB[content.colour],
        )
      : { box: null, share: 0 };
    const drifting = drift[frame];
    if (drifting !== undefined) {
      const at = { x: drifting.x - x, y: drifting.y - y, radius: DRIFTING_RADIUS };
      paintShape(picture, driftingShape, at, [grey, grey, grey]);
    }
    const bytes = new Uint8Array(YUV_BYTES);
    toYuv(picture, bytes);
    clip.frames.push(bytes);
    clip.boxes.push(seen.box);
    clip.shares.push(seen.share);
  }
  return clip;
}

/** Near a corner of the frame as it is when the camera looks at the middle. */
function cornerPoint(corner: number): { readonly x: number; readonly y: number } {
  const [near, far] = [9, FRAME_SIDE - 9];
  return { x: corner % 2 === 0 ? near : far, y: corner % 4 < 2 ? near : far };
}
