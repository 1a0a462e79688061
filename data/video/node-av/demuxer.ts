import type { CodecParameters, Packet, Rational, Stream } from 'node-av/lib';
import { CONTAINERS } from '../limits.js';
import { type Orientation, orientationOf, UPRIGHT } from '../orientation.js';
import { checkStoredSize, refusal } from '../refusal.js';
import type { FrameSize } from '../video-reader.js';
import type { Library } from './library.js';

/** What decoding a stream takes, valid after its file is closed. The parameters must be freed. */
export interface StreamFacts {
  readonly parameters: CodecParameters;
  readonly timeBase: Rational;
  readonly codec: string;
  readonly container: string;
  readonly stored: FrameSize;
  readonly orientation: Orientation;
}

/** The packets of the first video stream of a file (a cover picture is none). */
export class Demuxer implements Disposable {
  readonly #library: Library;
  readonly #context: InstanceType<Library['FormatContext']>;
  readonly #packet: Packet;
  readonly #stream: Stream;

  constructor(library: Library, path: string) {
    this.#library = library;
    library.Log.setLevel(library.AV_LOG_QUIET); // for the whole process: whoever came last decides
    this.#context = new library.FormatContext();
    this.#context.allocContext();
    this.#context.setOption('format_whitelist', CONTAINERS);
    this.#context.setOption('protocol_whitelist', 'file');
    this.#context.setOption('fpsprobesize', '0'); // the frame rate is not used
    const opened = this.#context.openInputSync(`file:${path}`);
    if (opened < 0) {
      const reason = library.FFmpegError.strerror(opened);
      throw refusal(path, 'this is no video file that can be read', reason);
    }
    this.#packet = new library.Packet();
    this.#packet.alloc();
    try {
      // The header's sizes are checked before a frame is decoded to find out about the stream.
      for (const { codecpar } of this.#context.streams) {
        if (codecpar.width > 0 && codecpar.height > 0) checkStoredSize(path, codecpar);
      }
      this.#context.findStreamInfoSync();
      this.#stream = videoStream(library, path, this.#context.streams);
      for (const stream of this.#context.streams) {
        if (stream.index !== this.#stream.index) stream.discard = library.AVDISCARD_ALL;
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The next packet, or undefined at the end. It is valid until the next call. */
  next(): Packet | undefined {
    do {
      this.#packet.unref();
      if (this.#context.readFrameSync(this.#packet) < 0) return undefined;
    } while (this.#packet.streamIndex !== this.#stream.index);
    return this.#packet;
  }

  facts(): StreamFacts {
    const { codecpar, timeBase } = this.#stream;
    const parameters = new this.#library.CodecParameters();
    parameters.alloc();
    codecpar.copy(parameters);
    return {
      parameters,
      timeBase,
      codec: this.#library.avGetCodecName(codecpar.codecId) ?? 'unknown',
      container: this.#context.iformat?.name ?? 'unknown',
      stored: { width: codecpar.width, height: codecpar.height },
      orientation: orientation(codecpar.getCodedSideData(this.#library.AV_PKT_DATA_DISPLAYMATRIX)),
    };
  }

  [Symbol.dispose](): void {
    this.#packet.free();
    this.#context.closeInputSync();
  }
}

function videoStream(library: Library, path: string, streams: readonly Stream[]): Stream {
  const stream = streams.find(
    ({ codecpar, disposition }) =>
      codecpar.codecType === library.AVMEDIA_TYPE_VIDEO &&
      (disposition & library.AV_DISPOSITION_ATTACHED_PIC) === 0,
  );
  if (stream === undefined) throw refusal(path, 'the file has no video stream');
  return stream;
}

function orientation(bytes: Uint8Array | null): Orientation {
  if (bytes === null || bytes.length < 36) return UPRIGHT;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return orientationOf(Array.from({ length: 9 }, (_, i) => view.getInt32(4 * i, IS_LITTLE_ENDIAN)));
}

/** FFmpeg hands the matrix over in the byte order of the machine. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
