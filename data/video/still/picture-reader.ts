import { LacunaError } from '../../../spec/errors.js';
import { assembleFrames, type FoundFrame, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { shownSize } from '../orientation.js';
import { checkRequest, refusal } from '../refusal.js';
import { checkVideoFile } from '../video-file.js';
import { PICTURES, type PicturesPlace, pictureAt, type VideoPath } from '../video-path.js';
import type { FrameRequest, Frames, VideoInfo, VideoReader } from '../video-reader.js';
import { readStill, type StillImage } from './still-image.js';
import type { DecodeStill } from './still-reader.js';

/**
 * Pictures that follow each other in a tar, as a video of as many frames. Its size is that of the first; one
 * that cannot be decoded, or has another size, is a frame that is lost. It has no motion vectors.
 */
export class PictureReader implements VideoReader {
  readonly info: VideoInfo;
  /** Frame i is at i / rate seconds; empty where no rate is told. */
  readonly frameTimes: Float64Array;
  readonly #path: PicturesPlace;
  readonly #decoderOf: (path: VideoPath) => DecodeStill;
  readonly #lost = new Set<number>();

  private constructor(
    path: PicturesPlace,
    { codec, stored, orientation }: StillImage,
    decoderOf: (path: VideoPath) => DecodeStill,
  ) {
    const { places, rate } = path.pictures;
    const size = shownSize(stored, orientation);
    const frameCount = places.length;
    this.info = { ...size, codec, container: PICTURES, stored, orientation, frameCount };
    this.frameTimes =
      rate === undefined
        ? new Float64Array(0)
        : Float64Array.from(places, (_, i) => Math.round((i * 1e6) / rate));
    this.#path = path;
    this.#decoderOf = decoderOf;
  }

  /** @param decoderOf What decodes the picture in a place. @throws LacunaError where the first is none */
  static async open(
    path: PicturesPlace,
    decoderOf: (path: VideoPath) => DecodeStill,
  ): Promise<PictureReader> {
    return new PictureReader(path, await pictureIn(pictureAt(path, 0)), decoderOf);
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const wanted = wantedFrames(this.#path, request, this.info.frameCount);
    const decoded = new Map<number, Uint8Array>();
    const found = new Map<number, FoundFrame>();
    for (const frame of wanted) {
      for (const index of this.#standIns(frame)) {
        const pixels = decoded.get(index) ?? (await this.#decode(index, request));
        if (pixels === undefined) continue;
        decoded.set(index, pixels);
        found.set(frame, { index, pixels });
        break;
      }
    }
    return assembleFrames(this.#path, request, found, decoded.size);
  }

  [Symbol.dispose](): void {}

  /** A frame, those before it from the nearest on, and then those behind it, but for those that are lost. */
  *#standIns(frame: number): Generator<number, undefined> {
    for (let index = frame; index >= 0; index--) if (!this.#lost.has(index)) yield index;
    for (let index = frame + 1; index < this.info.frameCount; index++)
      if (!this.#lost.has(index)) yield index;
    return undefined;
  }

  /** The pixels of one picture; undefined where it is lost. */
  async #decode(index: number, request: FrameRequest): Promise<Uint8Array | undefined> {
    const path = pictureAt(this.#path, index);
    try {
      const image = await pictureIn(path);
      const { width, height } = shownSize(image.stored, image.orientation);
      if (width !== this.info.width || height !== this.info.height)
        throw refusal(path, 'its size is not that of the first picture');
      const chain = filterChain({ ...this.info, ...image }, request);
      const filters = image.before === undefined ? chain : [image.before, ...chain];
      return await this.#decoderOf(path)(image, filters, request.size);
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      this.#lost.add(index);
      return undefined;
    }
  }
}

/** @throws LacunaError for what is no picture, or none whole */
async function pictureIn(path: VideoPath): Promise<StillImage> {
  const image = await readStill(path, await checkVideoFile(path));
  if (image === undefined) throw refusal(path, 'this is no picture as PNG, JPEG or WebP');
  return image;
}
