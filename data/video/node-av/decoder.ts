import type { CodecContext, Frame, Packet } from 'node-av/lib';
import { MAX_FRAME_PIXELS } from '../limits.js';
import { refusal } from '../refusal.js';
import type { StreamFacts } from './demuxer.js';
import type { Library } from './library.js';

/**
 * Frames from packets, in the order of presentation. One thread and `bitexact`, so that every
 * machine gives the same pixels; no option dictionary, since that one is freed twice.
 */
export class Decoder implements Disposable {
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #frames: readonly [Frame, Frame];
  #kept = 0;

  /** @param vectors Whether the frames carry the motion vectors of the bitstream. */
  constructor(
    library: Library,
    path: string,
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
    this.#frames = [new library.Frame(), new library.Frame()];
    for (const frame of this.#frames) frame.alloc();
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

  /**
   * The frames of these packets; each is valid until the next, unless it is kept. A packet that does
   * not decode is passed over.
   */
  *frames(packets: Iterable<Packet>): Generator<Frame, void> {
    for (const packet of packets) {
      this.#context.sendPacketSync(packet);
      yield* this.#ready();
    }
    this.#context.sendPacketSync(null);
    yield* this.#ready();
  }

  /** Keeps the frame that was given last, until another is kept. */
  keep(): void {
    this.#kept++;
  }

  /** Shows the decoder a packet, whose headers it may remember, and drops what it makes of it. */
  show(packet: Packet): void {
    this.#context.sendPacketSync(packet);
    this.#context.flushBuffers();
  }

  *#ready(): Generator<Frame, void> {
    for (;;) {
      const frame = this.#frames[this.#kept % 2] as Frame;
      frame.unref();
      if (this.#context.receiveFrameSync(frame) < 0) return;
      yield frame;
    }
  }

  [Symbol.dispose](): void {
    for (const frame of this.#frames) frame.free();
    this.#context.freeContext();
  }
}
