import type { Packet } from 'node-av/lib';
import { assembleFrames, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { MAX_HELD_BYTES, MAX_VIDEO_FRAMES } from '../limits.js';
import { shownSize } from '../orientation.js';
import {
  type EntryPoint,
  FILE_START,
  type PacketFacts,
  PacketIndex,
  showsFrame,
} from '../packet-index.js';
import { checkFrameCount, checkRequest, checkStoredSize } from '../refusal.js';
import { checkVideoFile } from '../video-file.js';
import type {
  FrameRequest,
  Frames,
  VideoBackend,
  VideoInfo,
  VideoReader,
} from '../video-reader.js';
import { Decoder } from './decoder.js';
import { Demuxer, type StreamFacts } from './demuxer.js';
import { type Library, loadLibrary } from './library.js';
import { frameVectors } from './motion-vectors.js';
import { Scaler } from './scaler.js';

/**
 * Video by the FFmpeg libraries that the optional package `node-av` brings, in this process and
 * blocking: use it in a worker. This folder alone knows that package. It uses its synchronous
 * calls (its packet iterator ends early on Node 20) and gives options by `setOption` (its option
 * dictionaries are freed twice).
 *
 * @throws LacunaError when the package is not installed or does not run here.
 */
export async function nodeAvBackend(): Promise<VideoBackend> {
  const library = await loadLibrary();
  return {
    name: 'node-av',
    async open(path) {
      await checkVideoFile(path);
      return new NodeAvReader(library, path);
    },
  };
}

class NodeAvReader implements VideoReader {
  readonly info: VideoInfo;
  readonly #library: Library;
  readonly #path: string;
  readonly #stream: StreamFacts;
  readonly #index: PacketIndex;
  /** All packets, unless they are too large to be kept. */
  readonly #held: readonly Packet[] | undefined;

  constructor(library: Library, path: string) {
    this.#library = library;
    this.#path = path;
    using demuxer = new Demuxer(library, path);
    const stream = demuxer.facts();
    this.#stream = stream;
    const { index, held } = readPackets(library, demuxer, stream.codec);
    this.#index = index;
    this.#held = held;
    const { codec, container, stored, orientation } = stream;
    const { frameCount } = index;
    this.info = {
      ...shownSize(stored, orientation),
      codec,
      container,
      stored,
      orientation,
      frameCount,
    };
    try {
      checkStoredSize(path, stored);
      checkFrameCount(path, frameCount);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const wanted = wantedFrames(request);
    const entry = this.#index.entryBefore(wanted[0] ?? 0);
    const { pixels, decodedFrames } =
      this.#decode(request, wanted, entry) ?? this.#decode(request, wanted, FILE_START) ?? NOTHING;
    return assembleFrames(this.#path, request, wanted, pixels, decodedFrames);
  }

  [Symbol.dispose](): void {
    for (const packet of this.#held ?? []) packet.free();
    this.#stream.parameters.free();
  }

  /**
   * Decodes from an entry point to the last frame wanted. When it begins in the middle, each frame
   * must carry the timestamp that the index has for it; when one does not, the result is undefined,
   * because frames could not be counted from there as they are from the start. (Where damage
   * before the entry loses frames altogether, the lost ones keep their index.)
   */
  #decode(
    request: FrameRequest,
    wanted: readonly number[],
    entry: EntryPoint,
  ): Decoded | undefined {
    const { onVectors } = request;
    using decoder = new Decoder(this.#library, this.#path, this.#stream, onVectors !== undefined);
    using scaler = new Scaler(this.#library, this.#path, filterChain(this.info, request));
    const isMiddle = entry.packet > 0;
    const { times } = this.#index;
    const entryTime = times[entry.frame] ?? 0;
    const pixels: Uint8Array[] = [];
    let decodedFrames = 0;
    let next = entry.frame;
    for (const frame of decoder.frames(this.#packets(entry.packet))) {
      decodedFrames++;
      if (isMiddle) {
        const time = Number(frame.pts);
        if (time < entryTime && next === entry.frame) continue; // needs frames before the entry
        if (time !== times[next]) return undefined;
      }
      onVectors?.(next, frameVectors(this.#library, frame, this.info.stored));
      if (next === wanted[pixels.length]) pixels.push(scaler.scale(frame));
      next++;
      if (pixels.length === wanted.length) break;
    }
    return isMiddle && pixels.length < wanted.length ? undefined : { pixels, decodedFrames };
  }

  /**
   * The packets from place `first` on, and the very first one before them, since it may say which
   * encoder's faults the decoder has to make up for.
   */
  *#packets(first: number): Generator<Packet, void> {
    let place = 0;
    for (const packet of this.#held ?? this.#readAgain()) {
      if (place === 0 || place >= first) yield packet;
      place++;
    }
  }

  *#readAgain(): Generator<Packet, void> {
    using demuxer = new Demuxer(this.#library, this.#path);
    for (let packet = demuxer.next(); packet !== undefined; packet = demuxer.next()) yield packet;
  }
}

interface Decoded {
  readonly pixels: readonly Uint8Array[];
  readonly decodedFrames: number;
}

const NOTHING: Decoded = { pixels: [], decodedFrames: 0 };

/** Reads every packet without decoding it, and keeps them while they are small. */
function readPackets(
  library: Library,
  demuxer: Demuxer,
  codec: string,
): { index: PacketIndex; held: readonly Packet[] | undefined } {
  const facts: PacketFacts[] = [];
  const held: Packet[] = [];
  let bytes = 0;
  for (let packet = demuxer.next(); packet !== undefined; packet = demuxer.next()) {
    const { pts, flags } = packet;
    facts.push({
      time: pts === library.AV_NOPTS_VALUE ? Number.NaN : Number(pts),
      isKey: (flags & library.AV_PKT_FLAG_KEY) !== 0,
      isShown:
        (flags & library.AV_PKT_FLAG_DISCARD) === 0 &&
        (!codec.startsWith('vp') || showsFrame(codec, packet.data ?? new Uint8Array())),
    });
    if (facts.length > 2 * MAX_VIDEO_FRAMES) break; // refused by its count
    bytes += packet.size;
    const copy = bytes <= MAX_HELD_BYTES ? packet.clone() : null;
    if (copy === null) for (const earlier of held.splice(0)) earlier.free();
    else held.push(copy);
  }
  return { index: new PacketIndex(facts), held: held.length === facts.length ? held : undefined };
}
