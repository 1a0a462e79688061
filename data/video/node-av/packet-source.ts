import type { Packet } from 'node-av/lib';
import { refusal } from '../refusal.js';
import type { VideoPath } from '../video-path.js';
import { Demuxer, type StreamFacts } from './demuxer.js';
import type { Library } from './library.js';
import { numbered, type readIndex, type VideoIndex } from './video-index.js';

/** Packets that are read over rather than seeked over. */
const NEAR_PACKETS = 64;

/** The packets of an open video, from any place on, numbered by their place in the stream. */
export class PacketSource implements Disposable {
  readonly #library: Library;
  readonly #path: VideoPath;
  #open: { readonly demuxer: Demuxer; readonly stream: StreamFacts } | undefined;
  #index: VideoIndex | undefined;
  /** The place of the packet that the demuxer gives next. */
  #next = 0;
  #first: Packet | undefined;

  constructor(library: Library, path: VideoPath) {
    this.#library = library;
    this.#path = path;
  }

  get stream(): StreamFacts {
    return this.#opened().stream;
  }

  /** Makes the index of the video. */
  readThrough(read: typeof readIndex): VideoIndex {
    const { demuxer, stream } = this.#opened();
    this.#next = Number.POSITIVE_INFINITY;
    return read(this.#library, this.#path, demuxer, stream);
  }

  /** Where the entry points lie: without it every packet is reached from the start of the file. */
  use(index: VideoIndex): void {
    this.#index = index;
  }

  /** The first packet of the stream: it may say which encoder's faults the decoder makes up for. */
  first(): Packet {
    for (const packet of this.#first === undefined ? this.from(0) : []) {
      this.#first = packet.clone() ?? undefined;
      break;
    }
    if (this.#first === undefined) throw refusal(this.#path, 'the file has changed as it was read');
    return this.#first;
  }

  /** The packets from this place on; each is valid until the next. */
  *from(place: number): Generator<Packet, void> {
    let packet = this.#reach(place);
    for (let at = place; packet !== undefined; packet = this.#opened().demuxer.next()) {
      this.#next = at + 1;
      yield numbered(packet, at++);
    }
    this.#next = Number.POSITIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    this.#first?.free();
    this.#close();
  }

  #reach(place: number): Packet | undefined {
    const isNear = place >= this.#next && place - this.#next <= NEAR_PACKETS;
    if (!isNear) {
      const known = this.#index?.places.get(place);
      const found = known === undefined ? undefined : this.#opened().demuxer.seek(known);
      if (found !== undefined) return found;
      this.#close();
    }
    const { demuxer } = this.#opened();
    let packet: Packet | undefined;
    for (; this.#next <= place; this.#next++) {
      packet = demuxer.next();
      if (packet === undefined) break;
    }
    return packet;
  }

  #opened(): { readonly demuxer: Demuxer; readonly stream: StreamFacts } {
    if (this.#open === undefined) {
      const demuxer = new Demuxer(this.#library, this.#path);
      this.#open = { demuxer, stream: demuxer.facts() };
      this.#next = 0;
    }
    return this.#open;
  }

  #close(): void {
    this.#open?.stream.parameters.free();
    this.#open?.demuxer[Symbol.dispose]();
    this.#open = undefined;
  }
}
