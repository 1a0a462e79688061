import { assembleFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { shownSize } from '../orientation.js';
import { checkRequest } from '../refusal.js';
import type { VideoPath } from '../video-path.js';
import type { FrameRequest, FrameSize, Frames, VideoInfo, VideoReader } from '../video-reader.js';
import type { StillImage } from './still-image.js';

/** Decodes a picture through FFmpeg's filters, which end in RGB24 of this size. */
export type DecodeStill = (
  image: StillImage,
  filters: readonly string[],
  size: FrameSize,
) => Promise<Uint8Array>;

/**
 * A still picture as a video of one frame: every index that is asked for is that frame, so that a clip
 * of any length shows it throughout. It has no motion vectors.
 */
export class StillReader implements VideoReader {
  readonly info: VideoInfo;
  readonly frameTimes: Float64Array = Float64Array.of(0);
  readonly #path: VideoPath;
  readonly #image: StillImage;
  readonly #decode: DecodeStill;

  constructor(path: VideoPath, image: StillImage, decode: DecodeStill) {
    const { codec, stored, orientation } = image;
    const size = shownSize(stored, orientation);
    this.info = { ...size, codec, container: 'image', stored, orientation, frameCount: 1 };
    this.#path = path;
    this.#image = image;
    this.#decode = decode;
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const { before } = this.#image;
    const chain = filterChain(this.info, request);
    const filters = before === undefined ? chain : [before, ...chain];
    const pixels = await this.#decode(this.#image, filters, request.size);
    const found = new Map([[0, { index: 0, pixels }]]);
    return assembleFrames(this.#path, request, found, 1);
  }

  [Symbol.dispose](): void {}
}
