import type { Orientation } from './orientation.js';
import type { VideoPath } from './video-path.js';

/** Width and height in pixels. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** A box of whole pixels; (x, y) is its upper left corner. */
export interface CropBox extends FrameSize {
  readonly x: number;
  readonly y: number;
}

/** What is known of a video before one of its frames is asked for. Width and height are as shown. */
export interface VideoInfo extends FrameSize {
  /** FFmpeg's name of the codec: `h264`, `vp9`, ... */
  readonly codec: string;
  /** FFmpeg's name of the container: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, ... */
  readonly container: string;
  /** Width and height of the stored frame, before rotation. */
  readonly stored: FrameSize;
  readonly orientation: Orientation;
  /**
   * The frames of the video stream, as its timeline has them: by the headers of its packets, or by
   * decoding it where these leave a doubt. A count, a duration or a rate in the container is not trusted.
   * Of a video with damage that no header tells, some may not decode.
   */
  readonly frameCount: number;
}

/** Which frames to read, and in what shape. */
export interface FrameRequest {
  /**
   * Indices into the video's timeline (`Timeline`), counting from 0, in any order, repeats allowed.
   */
  readonly indices: readonly number[];
  /** The box of the shown frame to take. */
  readonly crop: CropBox;
  /** The box is scaled to this size, bilinear over the support that downscaling needs. */
  readonly size: FrameSize;
  /** Whether to mirror left and right. */
  readonly flip: boolean;
  /**
   * Is told of each frame that is decoded, in ascending order, with what its bitstream says of
   * motion. After a smaller or equal index everything starts over. Only `node-av` tells, and only
   * of codecs with vectors.
   */
  readonly onVectors?: (frame: number, vectors: FrameVectors) => void;
}

/** The motion vectors of one frame's bitstream. */
export interface FrameVectors {
  /** Whether later frames are predicted from it: it is no B frame. */
  readonly isAnchor: boolean;
  /**
   * Rows of 7, in pixels of the stored frame: left, top, width and height of the block, x and y from
   * it to where it was predicted from, and -1 where that is in an earlier frame, 1 in a later one.
   * Which earlier or later frame it is, decoders do not say. Empty for a frame without vectors. To
   * be called before `onVectors` returns.
   */
  rows(): Float64Array;
}

/** Frames as read. */
export interface Frames {
  /** RGB24: [T, H, W, 3] with T = indices.length. */
  readonly data: Uint8Array<ArrayBuffer>;
  /**
   * The index of each frame in `data`. It is the index asked for, except where that frame does not
   * decode cleanly (`lostFrames`): then the nearest earlier frame that does stands for it (the first
   * one, where none is earlier); and except beyond the end, where the largest index asked for that is not beyond it repeats.
   */
  readonly indices: readonly number[];
  /** How many frames were decoded for it. */
  readonly decodedFrames: number;
}

/** One open video. Reading never changes it: the same request gives the same frames. */
export interface VideoReader extends Disposable {
  readonly info: VideoInfo;
  /** Of each frame its time in microseconds from the first one (`frameTimes`); empty where none is told. */
  readonly frameTimes: Float64Array;
  /** @throws LacunaError when no frame that was asked for decodes, or the request is out of bounds. */
  read(request: FrameRequest): Promise<Frames>;
}

/** `drawn` reads the demo's drawn clips alone (`openDrawnClip`), which the others read, too. */
export type VideoBackendName = 'node-av' | 'ffmpeg' | 'drawn';

/** A way to decode video. All backends give the same frames of an undamaged video, to the bit. */
export interface VideoBackend {
  readonly name: VideoBackendName;
  /** @throws LacunaError when the file is not a video that can be read, with the reason. */
  open(path: VideoPath): Promise<VideoReader>;
}
