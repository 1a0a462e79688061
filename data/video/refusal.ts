import { LacunaError } from '../../spec/errors.js';
import { MAX_CLIP_BYTES, MAX_FRAME_PIXELS, MAX_VIDEO_FRAMES } from './limits.js';
import { READ_FORMATS } from './unread-formats.js';
import { shownPath, type VideoPath } from './video-path.js';
import type { FrameRequest, FrameSize, VideoInfo } from './video-reader.js';

/** The error of a file that is no video, or none that can be read. */
export function refusal(path: VideoPath, what: string, got?: string): LacunaError {
  return new LacunaError({ what, where: shownPath(path), ...(got === undefined ? {} : { got }) });
}

/** The error of a file that no opened format fits: damaged, of another format, or no video. */
export function unreadable(path: VideoPath, got: string): LacunaError {
  return new LacunaError({
    what: 'this is no video file that can be read',
    where: shownPath(path),
    got,
    expected: `a video as ${READ_FORMATS}`,
    fix: 'If a player shows it, convert it, for example with: ffmpeg -i FILE -c:v libx264 FILE.mp4',
  });
}

/** Refuses a stream without video, or with frames too large to hold. */
export function checkStoredSize(path: VideoPath, { width, height }: FrameSize): void {
  if (width < 1 || height < 1) {
    throw refusal(path, 'the video stream has no frame size, so no frame can be decoded');
  }
  if (width * height > MAX_FRAME_PIXELS) {
    throw new LacunaError({
      what: 'the frames are too large',
      where: shownPath(path),
      got: `${width} x ${height}`,
      expected: `at most ${MAX_FRAME_PIXELS} pixels`,
    });
  }
}

/** Refuses a stream without frames, or with more than can be indexed. */
export function checkFrameCount(path: VideoPath, frameCount: number): void {
  if (frameCount === 0) throw refusal(path, 'the video stream has no frames');
  if (frameCount > MAX_VIDEO_FRAMES) {
    throw new LacunaError({
      what: 'the video has too many frames',
      where: shownPath(path),
      expected: `at most ${MAX_VIDEO_FRAMES}`,
      fix: 'Cut it into shorter clips.',
    });
  }
}

/** Refuses a request that does not fit the video: its caller would get other pixels than it thinks. */
export function checkRequest(path: VideoPath, info: VideoInfo, request: FrameRequest): void {
  const { indices, crop, size } = request;
  const fits =
    [crop.x, crop.y, crop.width, crop.height, size.width, size.height].every(Number.isInteger) &&
    crop.x >= 0 &&
    crop.y >= 0 &&
    crop.width >= 1 &&
    crop.height >= 1 &&
    crop.x + crop.width <= info.width &&
    crop.y + crop.height <= info.height;
  if (!fits) {
    throw new LacunaError({
      what: 'the crop does not lie inside the frame',
      where: shownPath(path),
      got: `${crop.width} x ${crop.height} at (${crop.x}, ${crop.y})`,
      expected: `a box of whole pixels within ${info.width} x ${info.height}`,
    });
  }
  const bytes = indices.length * size.width * size.height * 3;
  if (size.width < 1 || size.height < 1 || indices.length < 1 || bytes > MAX_CLIP_BYTES) {
    throw new LacunaError({
      what: 'the clip asked for is empty or too large',
      where: shownPath(path),
      got: `${indices.length} frames of ${size.width} x ${size.height}`,
      expected: `1 to ${MAX_CLIP_BYTES} bytes of RGB`,
    });
  }
  if (
    !indices.every((index) => Number.isInteger(index) && index >= 0 && index < MAX_VIDEO_FRAMES)
  ) {
    throw new LacunaError({
      what: 'a frame index is out of bounds',
      where: shownPath(path),
      got: indices.join(', '),
      expected: `integers in [0, ${MAX_VIDEO_FRAMES})`,
    });
  }
}

/** The error of a read that met no frame: the bitstream is broken, or ends before the first index. */
export function noFrameDecodes(path: VideoPath, first: number | undefined): LacunaError {
  return refusal(
    path,
    `none of the frames asked for decodes (the first of them is frame ${first})`,
  );
}
