import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { RandomStream } from '../../spec/random/stream.js';
import { loadClipEncoder } from '../demo/encode-clip.js';
import { FRAME_SIDE, YUV_BYTES } from '../demo/frame.js';
import { loadLibrary } from '../video/node-av/library.js';
import { vectorRows } from '../video/node-av/motion-vectors.js';
import { UPRIGHT } from '../video/orientation.js';
import { videoBackend } from '../video/video-backend.js';
import type { FrameRequest, FrameVectors, VideoInfo } from '../video/video-reader.js';
import { CodecMotion } from './codec-motion.js';
import { readWithMotion } from './motion-request.js';

const INFO: VideoInfo = {
  width: 64,
  height: 32,
  codec: 'h264',
  container: 'mov',
  stored: { width: 64, height: 32 },
  orientation: UPRIGHT,
  frameCount: 100,
};
const REQUEST: FrameRequest = {
  indices: [0, 4, 8],
  crop: { x: 0, y: 0, width: 64, height: 32 },
  size: { width: 64, height: 32 },
  flip: false,
};

/** One vector over the whole frame, `x` and `y` from it to its source. */
function whole(x: number, y: number, direction = -1, isAnchor = true): FrameVectors {
  return { isAnchor, rows: () => Float64Array.of(0, 0, 64, 32, x, y, direction) };
}
const nothing: FrameVectors = { isAnchor: true, rows: () => new Float64Array(0) };

/** The vectors of the second and third frame of the clip: those of its first block. */
function firstBlocks(motion: CodecMotion, indices = REQUEST.indices) {
  const field = motion.field(indices);
  if (field === undefined) return undefined;
  const { vectors, measured, rows, columns } = field;
  return [1, 2].map((t) => {
    const n = t * rows * columns;
    return [vectors[2 * n], vectors[2 * n + 1], measured[n]];
  });
}

describe('CodecMotion', () => {
  it('adds up the source frames between two frames of the clip, in 1/16 pixels', () => {
    const motion = new CodecMotion(INFO, REQUEST, 16);
    for (let frame = 0; frame <= 8; frame++) {
      motion.add(frame, frame === 0 ? nothing : whole(frame <= 4 ? -2 : 0.5, 1));
    }
    expect(firstBlocks(motion)).toEqual([
      [128, -64, 1],
      [-32, -64, 1],
    ]);
  });

  it('divides by the distance to the anchor, forwards and back', () => {
    // An anchor every 4 frames that has come 8 pixels; B frames between, predicted from both sides.
    const motion = new CodecMotion(INFO, REQUEST, 16);
    const order = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (const frame of order) {
      const since = frame % 4;
      if (frame === 0) motion.add(frame, nothing);
      else if (since === 0) motion.add(frame, whole(-8, 0));
      else if (frame < 4) motion.add(frame, whole(-2 * since, 0, -1, false));
      else motion.add(frame, whole(2 * (4 - since), 0, 1, false));
    }
    expect(firstBlocks(motion)).toEqual([
      [128, 0, 1],
      [128, 0, 1],
    ]);
  });

  it('bridges key frames, and says where it knows nothing', () => {
    const motion = new CodecMotion(INFO, REQUEST, 16);
    for (let frame = 0; frame <= 8; frame++) {
      motion.add(frame, frame === 1 || frame === 3 ? whole(-1, 0) : nothing);
    }
    expect(firstBlocks(motion)).toEqual([
      [64, 0, 1],
      [0, 0, 0],
    ]);
  });

  it('starts over when decoding does, and knows of no motion without vectors', () => {
    const motion = new CodecMotion(INFO, REQUEST, 16);
    for (let frame = 4; frame <= 6; frame++) motion.add(frame, whole(-50, 0));
    for (let frame = 0; frame <= 8; frame++) motion.add(frame, nothing);
    expect(motion.field(REQUEST.indices)).toBeUndefined();
  });

  it('is still between repeats of a frame', () => {
    const motion = new CodecMotion(INFO, { ...REQUEST, indices: [0, 4, 4] }, 16);
    for (let frame = 0; frame <= 4; frame++) motion.add(frame, whole(-1, 0));
    expect(firstBlocks(motion, [0, 4, 4])).toEqual([
      [64, 0, 1],
      [0, 0, 1],
    ]);
  });

  it('turns, crops, scales and mirrors vectors and blocks as frames are', () => {
    fc.assert(
      fc.property(
        fc.record({ transposed: fc.boolean(), flipX: fc.boolean(), flipY: fc.boolean() }),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 1 }),
        (orientation, flip, column, row) => {
          // One block of 16 x 16 of the stored frame (64 x 32) moves by (3, 1); shown at twice the size.
          const shown = orientation.transposed
            ? { width: 32, height: 64 }
            : { width: 64, height: 32 };
          const size = { width: 2 * shown.width, height: 2 * shown.height };
          const info = { ...INFO, ...shown, orientation };
          const request = { indices: [0, 1], crop: { x: 0, y: 0, ...shown }, size, flip };
          const motion = new CodecMotion(info, request, 32);
          motion.add(0, nothing);
          const rows = Float64Array.of(16 * column, 16 * row, 16, 16, -3, -1, -1);
          motion.add(1, { isAnchor: true, rows: () => rows });
          const field = motion.field([0, 1]);
          const blocks = size.width / 32;
          let [x, y, u, v] = orientation.transposed ? [row, column, 1, 3] : [column, row, 3, 1];
          if (orientation.flipX !== flip) [x, u] = [blocks - 1 - x, -u];
          if (orientation.flipY) [y, v] = [size.height / 32 - 1 - y, -v];
          const n = 8 + y * blocks + x;
          const expected = new Int16Array(32);
          expected.set([32 * u, 32 * v], 2 * n);
          expect([...(field?.vectors.subarray(16) ?? [])]).toEqual([...expected.subarray(16)]);
          expect(field?.measured[n]).toBe(1);
        },
      ),
    );
  });

  it('weighs the vectors in a block by their area', () => {
    const request = { ...REQUEST, indices: [0, 1], crop: { x: 8, y: 0, width: 32, height: 32 } };
    const motion = new CodecMotion(INFO, { ...request, size: { width: 32, height: 32 } }, 32);
    motion.add(0, nothing);
    // Of the cropped 32 columns the left vector covers 8, the right one 16; 8 have none.
    const rows = Float64Array.of(0, 0, 16, 32, -3, 0, -1, 16, 0, 16, 32, 0, -6, -1);
    motion.add(1, { isAnchor: true, rows: () => rows });
    expect([...(motion.field([0, 1])?.vectors.subarray(2) ?? [])]).toEqual([16, 64]);
  });
});

describe('vectorRows', () => {
  const record = (
    values: Partial<Record<'source' | 'w' | 'h' | 'x' | 'y' | 'mx' | 'scale', number>>,
  ) => {
    const bytes = new DataView(new ArrayBuffer(40));
    bytes.setInt32(0, values.source ?? -1, true);
    bytes.setUint8(4, values.w ?? 16);
    bytes.setUint8(5, values.h ?? 16);
    bytes.setInt16(10, values.x ?? 8, true);
    bytes.setInt16(12, values.y ?? 8, true);
    bytes.setInt32(24, values.mx ?? 6, true);
    bytes.setUint16(32, values.scale ?? 4, true);
    return new Uint8Array(bytes.buffer);
  };
  const stored = { width: 64, height: 32 };

  it('reads a record', () => {
    expect([...vectorRows(record({}), stored)]).toEqual([0, 0, 16, 16, 1.5, 0, -1]);
  });

  it.each([
    { source: 0 },
    { w: 0 },
    { scale: 0 },
    { scale: 0, mx: 0 },
    { x: -20 },
    { x: 80 },
    { y: 32767 },
    { mx: 2 ** 31 - 1 },
  ])('leaves out what means nothing: %o', (values) => {
    expect(vectorRows(record(values), stored).length).toBe(0);
  });

  it('takes any bytes, and no more vectors than blocks of 4 x 4 can have', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const rows = vectorRows(bytes, stored);
        expect(rows.length % 7).toBe(0);
        expect(rows.every(Number.isFinite)).toBe(true);
      }),
    );
    expect(vectorRows(new Uint8Array(40 * 257), stored).length).toBe(0);
  });
});

const library = await loadLibrary().catch(() => undefined);
const canEncode = capable('node-av', library === undefined ? 'it is not installed' : undefined);

describe.skipIf(!canEncode)('a video made of a texture that moves 2 pixels a frame', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-motion-'));
    const encode = await loadClipEncoder();
    const noise = new RandomStream({ seed: 3, stream: 'test' });
    const texture = Uint8Array.from({ length: 256 * 256 }, () => 40 + noise.integer(160));
    const frames = Array.from({ length: 20 }, (_, t) => {
      const yuv = new Uint8Array(YUV_BYTES).fill(128);
      for (let i = 0; i < FRAME_SIDE ** 2; i++) {
        const [x, y] = [i % FRAME_SIDE, Math.floor(i / FRAME_SIDE)];
        yuv[i] = texture[(y + 64) * 256 + x + 128 - 2 * t] as number;
      }
      return yuv;
    });
    encode(join(folder, 'moving.mp4'), frames);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['codec', 'block-matching'] as const)('has that motion by %s', async (source) => {
    const backend = await videoBackend('node-av');
    using reader = await backend.open(join(folder, 'moving.mp4'));
    const request: FrameRequest = {
      indices: [0, 2, 4, 6, 8, 10],
      crop: { x: 0, y: 0, width: 64, height: 64 },
      size: { width: 64, height: 64 },
      flip: false,
    };
    const wanted = { map: 'motion', patch: 16, tubelet: 2, camera: 'keep', source } as const;
    const { motion } = await readWithMotion(reader, request, wanted);
    expect(motion.source).toBe(source);
    // 4 pixels from clip frame to clip frame, two frames a cube, 64 to a pixel; inner patches.
    const inner = [0, 1, 2].flatMap((slot) => [5, 6, 9, 10].map((n) => motion.map[16 * slot + n]));
    expect(inner).toEqual(inner.map(() => 512));
    const compensate = { ...wanted, camera: 'compensate' } as const;
    const { motion: rest } = await readWithMotion(reader, request, compensate);
    expect([0, 1, 2].flatMap((slot) => [5, 6, 9, 10].map((n) => rest.map[16 * slot + n]))).toEqual(
      inner.map(() => 0),
    );
  });
});
