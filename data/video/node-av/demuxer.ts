import type { CodecParameters, Packet, Rational, Stream } from 'node-av/lib';
import { CONTAINERS } from '../limits.js';
import { type Orientation, orientationOf, UPRIGHT } from '../orientation.js';
import { checkStoredSize, unreadable } from '../refusal.js';
import { inputProtocols, inputUrl, type VideoPath } from '../video-path.js';
import type { FrameSize } from '../video-reader.js';
import { type StreamTraits, videoStreamOf } from '../video-stream.js';
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

/** By what a packet is found again in its file. */
export interface PacketPlace {
  /** In the stream's time base; NaN where it has none. */
  readonly pts: number;
  readonly dts: number;
  /** Bytes into the file; -1 where that is not known. */
  readonly pos: number;
  readonly size: number;
}

/** Packets that are read after a seek in search of the one that it was for. */
const MAX_SEARCHED = 512;

/** The packets of the video stream of a file. */
export class Demuxer implements Disposable {
  readonly #library: Library;
  readonly #context: InstanceType<Library['FormatContext']>;
  readonly #packet: Packet;
  readonly #stream: Stream;
  readonly #index: number;

  constructor(library: Library, path: VideoPath) {
    this.#library = library;
    library.Log.setLevel(library.AV_LOG_QUIET); // for the whole process: whoever came last decides
    this.#context = new library.FormatContext();
    this.#context.allocContext();
    this.#context.setOption('format_whitelist', CONTAINERS);
    this.#context.setOption('protocol_whitelist', inputProtocols(path));
    this.#context.setOption('fpsprobesize', '0'); // the frame rate is not used
    const opened = this.#context.openInputSync(inputUrl(path));
    if (opened < 0) {
      const reason = library.FFmpegError.strerror(opened);
      throw unreadable(path, reason);
    }
    this.#packet = new library.Packet();
    this.#packet.alloc();
    try {
      // The header's sizes are checked before a frame is decoded to find out about the stream.
      for (const { codecpar } of this.#context.streams) {
        if (codecpar.width > 0 && codecpar.height > 0) checkStoredSize(path, codecpar);
      }
      this.#context.findStreamInfoSync();
      const { streams } = this.#context;
      this.#stream = videoStreamOf(path, streams, (stream) => traits(library, stream));
      this.#index = this.#stream.index;
      for (const stream of streams) {
        if (stream.index !== this.#index) stream.discard = library.AVDISCARD_ALL;
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
    } while (this.#packet.streamIndex !== this.#index);
    return this.#packet;
  }

  /**
   * Goes to a packet: by its time, and where that does not lead to it, by its place in the file. The
   * packet itself is returned, valid until the next call; undefined where it is not found.
   */
  seek(place: PacketPlace): Packet | undefined {
    const { AVSEEK_FLAG_BACKWARD, AVSEEK_FLAG_BYTE } = this.#library;
    const time = Number.isNaN(place.dts) ? place.pts : place.dts;
    const ways = [
      [time, AVSEEK_FLAG_BACKWARD],
      [place.pos < 0 ? Number.NaN : place.pos, AVSEEK_FLAG_BYTE],
    ] as const;
    for (const [target, way] of ways) {
      if (Number.isNaN(target)) continue;
      const code = this.#context.seekFrameSync(this.#index, BigInt(target), way);
      const packet = code < 0 ? undefined : this.#search(place);
      if (packet !== undefined) return packet;
    }
    return undefined;
  }

  /** By what this packet of the file is found again. */
  placeOf({ pts, dts, pos, size }: Packet): PacketPlace {
    const none = this.#library.AV_NOPTS_VALUE;
    const number = (time: bigint): number => (time === none ? Number.NaN : Number(time));
    return { pts: number(pts), dts: number(dts), pos: Number(pos), size };
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

  #search(place: PacketPlace): Packet | undefined {
    for (let searched = 0; searched < MAX_SEARCHED; searched++) {
      const packet = this.next();
      if (packet === undefined) return undefined;
      const found = this.placeOf(packet);
      const isSame = found.size === place.size && found.pos === place.pos;
      if (isSame && Object.is(found.pts, place.pts) && Object.is(found.dts, place.dts))
        return packet;
    }
    return undefined;
  }
}

function traits(library: Library, { codecpar, disposition }: Stream): StreamTraits {
  const has = (flag: number): boolean => (disposition & flag) !== 0;
  return {
    isVideo: codecpar.codecType === library.AVMEDIA_TYPE_VIDEO,
    isPicture: has(library.AV_DISPOSITION_ATTACHED_PIC),
    isDefault: has(library.AV_DISPOSITION_DEFAULT),
  };
}

function orientation(bytes: Uint8Array | null): Orientation {
  if (bytes === null || bytes.length < 36) return UPRIGHT;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return orientationOf(Array.from({ length: 9 }, (_, i) => view.getInt32(4 * i, IS_LITTLE_ENDIAN)));
}

/** FFmpeg hands the matrix over in the byte order of the machine. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
