import { createHash } from 'node:crypto';
import { quantizeSimilarity } from '../../spec/masking/similarity-map.js';
import { type MotionSource, readWithMotion } from '../motion/motion-request.js';
import { clipSimilarity } from '../similarity/clip-similarity.js';
import { storedFrames } from '../similarity/frame-stride.js';
import type { FrameRequest, VideoReader } from '../video/video-reader.js';

const PATCH = 16;
const SIZE = { width: 48, height: 48 };
const FRAMES = 8;
const STRIDE = 4;

/** A clip from the middle of a video, as training cuts one: every second frame, cropped, mirrored. */
function clipOf({ info }: VideoReader): FrameRequest {
  const { width, height, frameCount } = info;
  const side = Math.min(width, height);
  const crop = { x: (width - side) >> 1, y: (height - side) >> 1, width: side, height: side };
  const start = Math.floor(frameCount / 3);
  const indices = Array.from({ length: FRAMES }, (_, t) => Math.min(start + 2 * t, frameCount - 1));
  return { indices, crop, size: SIZE, flip: true };
}

/** Digests of a clip's motion map and flow map, measured in its frames or taken from its bitstream. */
export async function motionDigests(reader: VideoReader, source: MotionSource): Promise<string> {
  const request = clipOf(reader);
  const motion = { map: 'motion', patch: PATCH, source, camera: 'compensate', tubelet: 2 } as const;
  const flow = { map: 'flow', patch: PATCH } as const;
  const maps = [
    (await readWithMotion(reader, request, motion)).motion,
    ...(source === 'block-matching' ? [(await readWithMotion(reader, request, flow)).motion] : []),
  ];
  return maps.map(({ map, source: from }) => `${from} ${digest(map)}`).join(' ');
}

/**
 * The digest of a clip's similarity map, by a teacher that is a formula: the cosine of a cell's colour,
 * grey taken away, and of a caption that means red.
 */
export async function similarityDigest(reader: VideoReader): Promise<string> {
  const { width, height, frameCount } = reader.info;
  const [rows, columns] = [6, 8];
  const frames = storedFrames(frameCount, STRIDE);
  const { data } = await reader.read({
    indices: frames,
    crop: { x: 0, y: 0, width, height },
    size: { width: columns, height: rows },
    flip: false,
  });
  const cosines = Float64Array.from({ length: data.length / 3 }, (_, cell) => {
    const [r = 0, g = 0, b = 0] = data.subarray(3 * cell, 3 * cell + 3);
    const grey = (r + g + b) / 3;
    const length = Math.hypot(r - grey, g - grey, b - grey);
    return length === 0 ? 0 : (r - grey) / length;
  });
  const maps = quantizeSimilarity(cosines);
  const caption = 'red';
  const facts = { video: 'clip', bytes: 0, recipe: '', captions: [caption] };
  const entry = { ...facts, width, height, frameCount, stride: STRIDE, rows, columns, maps };
  const clip = clipOf(reader);
  const grid = { slots: FRAMES / 2, rows: 3, columns: 3 };
  return digest(clipSimilarity(entry, caption, { ...clip, frameIndices: clip.indices }, grid));
}

function digest(map: Uint16Array | Int16Array): string {
  return createHash('sha256').update(new Uint8Array(map.buffer)).digest('hex');
}
