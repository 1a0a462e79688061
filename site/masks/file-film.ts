import { shorten } from '../../core/shorten.js';
import { MAX_FRAME_PIXELS, MAX_VIDEO_FRAMES } from '../../data/video/limits.js';
import { UPRIGHT } from '../../data/video/orientation.js';
import type { FrameRequest, Frames } from '../../data/video/video-reader.js';
import { LacunaError } from '../../spec/errors.js';
import { OBJECT_URLS, type PageFile } from '../frame/controls.js';
import type { Film } from './film.js';
import { type RatedFrame, rateOf } from './frame-rate.js';
import { drawingOf, newCanvas, newVideo, type VideoElement } from './video-element.js';

/** Bytes of a file that the player is given (4 GiB): it reads of it what it needs. */
const MAX_BYTES = 2 ** 32;
const MAX_SECONDS = 4 * 3600;
/** Milliseconds that the player may take to open a file, or to find a frame. */
const PATIENCE = 15_000;
/** Frames whose times tell the rate: WebM has times in whole milliseconds, which among so many hardly count. */
const TIMED_FRAMES = 30;
const PLAYABLE =
  'a video that this browser plays: WebM with VP8, VP9 or AV1, in most browsers mp4 with H.264, too';
const FIX = 'Convert it, for example with: ffmpeg -i FILE -c:v libvpx-vp9 FILE.webm';

/**
 * Opens a video file by the browser's own player. Browsers do not number frames, so the rate is measured from the times
 * of the first that are shown, and frame i is what is shown (i + 1/2) / rate seconds after the beginning.
 *
 * @throws LacunaError for a file that is empty, too large, too long, or that the browser does not play.
 */
export async function fileFilm(file: PageFile): Promise<Film> {
  const where = shorten(file.name);
  if (file.size === 0)
    throw new LacunaError({ where, what: 'the file is empty', expected: PLAYABLE });
  if (file.size > MAX_BYTES) {
    const got = `${file.size} bytes`;
    throw new LacunaError({
      where,
      what: 'the file is too large',
      got,
      expected: `at most ${MAX_BYTES}`,
    });
  }
  const video = newVideo();
  const address = OBJECT_URLS.createObjectURL(file);
  const close = (): void => {
    video.removeAttribute('src');
    video.load();
    OBJECT_URLS.revokeObjectURL(address);
  };
  try {
    Object.assign(video, { muted: true, preload: 'auto', src: address });
    await happened(video, 'loadedmetadata', where);
    const { videoWidth: width, videoHeight: height, duration } = video;
    checkFacts(where, { width, height, duration });
    await happened(video, 'loadeddata', where, 2);
    const rate = await frameRate(video);
    const frameCount = Math.max(1, Math.round(duration * rate));
    if (frameCount > MAX_VIDEO_FRAMES) {
      const expected = `at most ${MAX_VIDEO_FRAMES}`;
      throw new LacunaError({ where, what: 'the video has too many frames', expected });
    }
    return {
      id: file.name,
      info: {
        ...{ width, height, codec: 'browser', container: 'browser' },
        ...{ stored: { width, height }, orientation: UPRIGHT, frameCount },
      },
      frameTimes: Float64Array.from({ length: frameCount }, (_, i) => Math.round((1e6 * i) / rate)),
      read: (request) => readFrames(video, where, rate, request),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function checkFacts(
  where: string,
  {
    width,
    height,
    duration,
  }: { readonly width: number; readonly height: number; readonly duration: number },
): void {
  if (width < 1 || height < 1) {
    throw new LacunaError({ where, what: 'there is no picture in the file', expected: PLAYABLE });
  }
  if (width * height > MAX_FRAME_PIXELS) {
    const got = `${width} x ${height}`;
    const expected = `at most ${MAX_FRAME_PIXELS} pixels`;
    throw new LacunaError({ where, what: 'the frames are too large', got, expected });
  }
  if (!(duration > 0 && duration <= MAX_SECONDS)) {
    throw new LacunaError({
      where,
      what: 'the file does not say how long it is, or is too long',
      got: `${duration} seconds`,
      expected: `at most ${MAX_SECONDS}`,
      fix: 'Write its headers anew, for example with: ffmpeg -i FILE -c copy NEW',
    });
  }
}

/** Waits for an event of the player. @param state The `readyState` at which there is nothing to wait for. */
async function happened(
  video: VideoElement,
  event: string,
  where: string,
  state = 5,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (got: string): void =>
      reject(
        new LacunaError({
          ...{ where, what: 'this browser does not play the file', got: shorten(got) },
          ...{ expected: PLAYABLE, fix: FIX },
        }),
      );
    const timer = setTimeout(() => refuse(`no answer in ${PATIENCE / 1000} seconds`), PATIENCE);
    const done = (then: () => void) => (): void => {
      clearTimeout(timer);
      then();
    };
    const failed = done(() => refuse(video.error?.message || 'no reason'));
    video.addEventListener('error', failed, { once: true });
    video.addEventListener(event, done(resolve), { once: true });
    if (video.error !== null) failed();
    else if (video.readyState >= state) done(resolve)();
  });
}

/** Frames a second, measured while the first ones are played; what `rateOf` says of none where the browser tells no times. */
async function frameRate(video: VideoElement): Promise<number> {
  const shown: RatedFrame[] = [];
  if (video.requestVideoFrameCallback !== undefined) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 2000);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const next = (_: number, frame: RatedFrame): void => {
        shown.push(frame);
        if (shown.length > TIMED_FRAMES) end();
        else video.requestVideoFrameCallback?.(next);
      };
      video.requestVideoFrameCallback?.(next);
      video.addEventListener('ended', end, { once: true });
      video.play().catch(end);
    });
    video.pause();
  }
  return rateOf(shown);
}

async function readFrames(
  video: VideoElement,
  where: string,
  rate: number,
  { indices, crop, size }: FrameRequest,
): Promise<Frames> {
  const drawing = drawingOf(newCanvas(size.width, size.height), true);
  const pixels = size.width * size.height;
  const found = new Map<number, Uint8Array>();
  for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
    const seen = happened(video, 'seeked', where);
    video.currentTime = Math.min((index + 0.5) / rate, video.duration);
    await seen;
    const { width, height } = size;
    drawing.drawImage(video, crop.x, crop.y, crop.width, crop.height, 0, 0, width, height);
    const { data } = drawing.getImageData(0, 0, width, height);
    const frame = new Uint8Array(3 * pixels);
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < 3; c++) frame[3 * i + c] = data[4 * i + c] as number;
    }
    found.set(index, frame);
  }
  const data = new Uint8Array(indices.length * 3 * pixels);
  for (const [t, index] of indices.entries())
    data.set(found.get(index) as Uint8Array, 3 * pixels * t);
  return { data, indices, decodedFrames: found.size };
}
