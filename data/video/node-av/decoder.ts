import type { CodecContext, Frame, Packet } from 'node-av/lib';
import { MAX_FRAME_PIXELS, STRICT_CODECS } from '../limits.js';
import { refusal } from '../refusal.js';
import type { VideoPath } from '../video-path.js';
import type { StreamFacts } from './demuxer.js';
import type { Library } from './library.js';

/**
 * Frames from packets, in the order of presentation. One thread and `bitexact`, so that every
 * machine gives the same pixels; no option dictionary, since that one is freed twice.
 */
export class Decoder implements Disposable {
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #frame: Frame;
  readonly #refused: number[] = [];

  /** @param vectors Whether the frames carry the motion vectors of the bitstream. */
  constructor(
    library: Library,
    path: VideoPath,
    { parameters, timeBase, codec }: StreamFacts,
    vectors = false,
  ) {
    this.#library = library;
    const implementation = library.Codec.findDecoder(parameters.codecId);
    if (implementation === null) {
      throw refusal(path, 'there is no decoder for its codec here', codec);
    }
    this.#context = new library.CodecContext();
    this.#context.allocContext3(implementation);
    this.#context.parametersToContext(parameters);
    this.#context.pktTimebase = timeBase;
    this.#context.threadCount = 1;
    this.#context.setFlags(library.AV_CODEC_FLAG_BITEXACT);
    if (vectors) this.#context.flags2 = library.AV_CODEC_FLAG2_EXPORT_MVS;
    this.#context.setOption('max_pixels', String(MAX_FRAME_PIXELS));
    if (STRICT_CODECS.has(codec)) this.#context.setOption('err_detect', 'explode');
    this.#frame = new library.Frame();
    this.#frame.alloc();
    const opened = this.#context.open2Sync(implementation);
    if (opened < 0) {
      this[Symbol.dispose]();
      throw refusal(path, 'the decoder does not start', library.FFmpegError.strerror(opened));
    }
  }

  /** Whether the decoder says that it made up some of a frame. */
  isMadeUp(frame: Frame): boolean {
    return (
      frame.decodeErrorFlags !== 0 || (frame.flags & this.#library.AV_FRAME_FLAG_CORRUPT) !== 0
    );
  }

  /** The places (`numbered`) of the packets that the decoder refused so far. */
  get refused(): readonly number[] {
    return this.#refused;
  }

  /** The frames of these packets, each valid until the next. A packet that is refused is passed over. */
  *frames(packets: Iterable<Packet>): Generator<Frame, void> {
    for (const packet of packets) {
      const place = Number(packet.pts);
      if (this.#context.sendPacketSync(packet) < 0) this.#refused.push(place);
      yield* this.#ready();
    }
    this.#context.sendPacketSync(null);
    yield* this.#ready();
  }

  /** Shows the decoder a packet, whose headers it may remember, and drops what it makes of it. */
  show(packet: Packet): void {
    this.#context.sendPacketSync(packet);
    this.#context.flushBuffers();
  }

  *#ready(): Generator<Frame, void> {
    for (;;) {
      this.#frame.unref();
      if (this.#context.receiveFrameSync(this.#frame) < 0) return;
      yield this.#frame;
    }
  }

  [Symbol.dispose](): void {
    this.#frame.free();
    this.#context.freeContext();
  }
}
