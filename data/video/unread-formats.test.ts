import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeTestVideo } from '../testing/test-videos.js';
import { unreadFormat } from './unread-formats.js';
import { checkVideoFile } from './video-file.js';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['an AVIF or HEIF picture', '\0\0\0\x20ftypavif'],
  ['uncompressed video (Y4M)', 'YUV4MPEG2 W2 H2 F25:1\n'],
  ['a raw H.264 stream', '\0\0\0\x01\x67\x64\0\x0a'],
  ['a raw H.264 stream', '\0\0\0\x01\x06\x05\xff\xff'],
  ['a raw H.264 stream', '\0\0\x01\x09\xf0\0\0\x01\x67'],
  ['a raw HEVC stream', '\0\0\0\x01\x40\x01\x0c\x01'],
  ['a raw MPEG video stream', '\0\0\x01\xb3\x16\0'],
  ['an IVF file', 'DKIF\0\0\x20\0VP80'],
  ['a playlist', '#EXTM3U\nfile.ts\n'],
])('%s is told as what it is, with what is read', async (name, head) => {
  const path = join(folder, 'file');
  writeFileSync(path, Buffer.from(head, 'latin1'));
  await expect(checkVideoFile(path)).rejects.toThrow(
    `${path}: this is ${name}, which is not read here; expected a video as MP4, MOV, Matroska`,
  );
});

it('what is read is not taken for anything else', async () => {
  const video = join(folder, 'video.mp4');
  await writeTestVideo(video, 4, 0);
  for (const head of [
    '\0\0\0\x01ftypisom\0\0\0\0\0\0\0\x18', // a box with a size of 64 bits
    '\0\0\0\x01moov',
    '\0\0\x01\xba\x44',
    'RIFF\x01\x02\x03\x04AVI LIST',
    '\x1aE\xdf\xa3',
    'FLV\x01',
    'GIF89a',
    'OggS\0',
    'G@\0\x10',
    '0&\xb2u\x8ef\xcf\x11',
    '\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
    '\xff\xd8\xff\xe0\0\x10JFIF',
    'RIFF\x01\x02\x03\x04WEBPVP8X',
  ]) {
    expect([head, unreadFormat(Buffer.from(head, 'latin1'))]).toEqual([head, undefined]);
  }
  expect(unreadFormat(await checkVideoFile(video))).toBeUndefined();
});
