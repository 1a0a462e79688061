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
  readonly #context: CodecContext;
  readonly #frame: Frame;

  /** @param vectors Whether the frames carry the motion vectors of the bitstream. */
  constructor(
    library: Library,
    path: string,
    { parameters, timeBase, codec }: StreamFacts,
    vectors = false,
  ) {
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
    this.#frame = new library.Frame();
    this.#frame.alloc();
    const opened = this.#context.open2Sync(implementation);
    if (opened < 0) {
      this[Symbol.dispose]();
      throw refusal(path, 'the decoder does not start', library.FFmpegError.strerror(opened));
    }
  }

  /** The frames of these packets; each is valid until the next. A damaged packet is passed over. */
  *frames(packets: Iterable<Packet>): Generator<Frame, void> {
    for (const packet of packets) {
      this.#context.sendPacketSync(packet);
      yield* this.#ready();
    }
    this.#context.sendPacketSync(null);
    yield* this.#ready();
  }

  *#ready(): Generator<Frame, void> {
    while (this.#context.receiveFrameSync(this.#frame) >= 0) {
      yield this.#frame;
      this.#frame.unref();
    }
  }

  [Symbol.dispose](): void {
    this.#frame.free();
    this.#context.freeContext();
  }
}
