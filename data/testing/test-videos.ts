import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RandomStream } from '../../spec/random/stream.js';
import { loadClipEncoder } from '../demo/encode-clip.js';
import { FRAME_SIDE } from '../demo/frame.js';

/**
 * Writes an H.264 mp4 of 64 x 64 whose every frame differs from its neighbours: a bright bar that
 * moves over noise, both drawn from `seed`. Key frames come every few frames.
 */
export async function writeTestVideo(path: string, frames: number, seed: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const encode = await loadClipEncoder();
  const draw = new RandomStream({ seed, stream: 'test' });
  const luma = FRAME_SIDE * FRAME_SIDE;
  const background = Uint8Array.from({ length: luma * 1.5 }, () => 60 + draw.integer(60));
  const pictures = Array.from({ length: frames }, (_, t) => {
    const picture = background.slice();
    for (let y = 0; y < FRAME_SIDE; y++)
      picture[y * FRAME_SIDE + ((3 * t + seed) % FRAME_SIDE)] = 235;
    return picture;
  });
  encode(path, pictures);
}

/** Writes files that are no videos, each broken in a way of its own; returns their names. */
export function writeBrokenVideos(folder: string): readonly string[] {
  const files: Record<string, Buffer> = {
    'empty.mp4': Buffer.alloc(0),
    'text.mp4': Buffer.from('This is no video.\n'),
    'noise.mp4': Buffer.from(Uint8Array.from({ length: 4096 }, (_, i) => (i * 73) % 251)),
    'playlist.mp4': Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:good-0.mp4\n#EXT-X-ENDLIST\n'),
    'concat.mp4': Buffer.from('ffconcat version 1.0\nfile good-0.mp4\n'),
    'huge.gif': gifHeader(65535, 65535),
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return Object.keys(files);
}

/** A GIF of this size with one frame whose data end at once: a few bytes that ask for gigabytes. */
function gifHeader(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const palette = Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
  const image = Buffer.concat([
    Buffer.from([0x2c, 0, 0, 0, 0]),
    size,
    Buffer.from([0, 2, 1, 0x44, 0]),
  ]);
  return Buffer.concat([Buffer.from('GIF89a'), size, palette, image, Buffer.from([0x3b])]);
}
