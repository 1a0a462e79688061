import { assembleFrames, type FoundFrame, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { IndexCache } from '../index-cache.js';
import { checkRequest } from '../refusal.js';
import { type EntryPoint, FILE_START } from '../timeline.js';
import { checkVideoFile } from '../video-file.js';
import type {
  FrameRequest,
  Frames,
  VideoBackend,
  VideoInfo,
  VideoReader,
} from '../video-reader.js';
import { Decoder } from './decoder.js';
import { type Library, loadLibrary } from './library.js';
import { frameVectors } from './motion-vectors.js';
import { PacketSource } from './packet-source.js';
import { Scaler } from './scaler.js';
import { readIndex, type VideoIndex } from './video-index.js';

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
  const cache = new IndexCache<VideoIndex>();
  return {
    name: 'node-av',
    async open(path) {
      await checkVideoFile(path);
      const source = new PacketSource(library, path);
      try {
        const index = await cache.get(path, () => source.readThrough(readIndex));
        source.use(index);
        return new NodeAvReader(library, path, source, index);
      } catch (error) {
        source[Symbol.dispose]();
        throw error;
      }
    },
  };
}

/** Packets that are decoded rather than jumped over: opening a decoder anew costs more. */
const NEAR_PACKETS = 8;

class NodeAvReader implements VideoReader {
  readonly info: VideoInfo;
  readonly #library: Library;
  readonly #path: string;
  readonly #source: PacketSource;
  readonly #index: VideoIndex;

  constructor(library: Library, path: string, source: PacketSource, index: VideoIndex) {
    this.#library = library;
    this.#path = path;
    this.#source = source;
    this.#index = index;
    this.info = index.info;
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const wanted = wantedFrames(this.#path, request, this.info.frameCount);
    using scaler = new Scaler(this.#library, this.#path, filterChain(this.info, request));
    const work: Work = { request, scaler, found: new Map(), decodedFrames: 0 };
    // Motion is asked of all frames from the first to the last.
    const runs = request.onVectors === undefined ? this.#runs(wanted) : [wanted];
    for (const run of runs) {
      const entry = this.#index.timeline.entryBefore(run[0] ?? 0);
      // What did not decode from an entry on, or not cleanly, is decoded as in sequence.
      if (!this.#decode(work, run, entry)) this.#decode(work, run, FILE_START);
    }
    return assembleFrames(this.#path, request, work.found, work.decodedFrames);
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  /** The frames wanted, in runs that are decoded in one go, each from an entry point of its own. */
  #runs(wanted: readonly number[]): readonly (readonly number[])[] {
    const { timeline } = this.#index;
    const runs: number[][] = [];
    let reached = Number.NEGATIVE_INFINITY;
    for (const frame of wanted) {
      const { packet } = timeline.entryBefore(frame);
      if (packet > reached + NEAR_PACKETS || runs.length === 0) runs.push([]);
      runs.at(-1)?.push(frame);
      reached = Math.max(reached, timeline.packetOf[frame] ?? 0);
    }
    return runs;
  }

  /**
   * Decodes from an entry point to the last frame of a run. False where it began in the middle, and a
   * frame did not come or something did not decode; from the start of the file, the frame before
   * stands for one that does not come.
   */
  #decode(work: Work, run: readonly number[], entry: EntryPoint): boolean {
    const { request, scaler, found } = work;
    const { timeline, info } = this.#index;
    const isMiddle = entry.packet > 0;
    using decoder = new Decoder(
      this.#library,
      this.#path,
      this.#source.stream,
      request.onVectors !== undefined,
    );
    const here = new Map<number, FoundFrame>();
    let next = 0;
    let counted = 0;
    let before:
      | { readonly index: number; readonly frame: Parameters<Scaler['scale']>[0] }
      | undefined;
    /** The frame before stands for one that does not come; the first one, where there is none. */
    const standIn = (first?: typeof before): void => {
      const stand = before ?? first;
      if (stand === undefined) return;
      const { index, frame } = stand;
      const pixels = here.get(index)?.pixels ?? scaler.scale(frame);
      here.set(run[next] ?? 0, { index, pixels });
    };
    if (isMiddle) decoder.show(this.#source.first());
    for (const frame of decoder.frames(this.#source.from(entry.packet))) {
      work.decodedFrames++;
      const index = timeline.isCounted ? counted++ : timeline.frameOf(Number(frame.pts));
      if (index === undefined || index < entry.frame) continue;
      if (isMiddle && decoder.isMadeUp(frame)) return false;
      for (; (run[next] ?? index) < index; next++) {
        if (isMiddle) return false;
        standIn({ index, frame });
      }
      request.onVectors?.(index, frameVectors(this.#library, frame, info.stored));
      if (index === run[next]) {
        here.set(index, { index, pixels: scaler.scale(frame) });
        next++;
      }
      before = { index, frame };
      decoder.keep();
      if (next === run.length) break;
    }
    if (isMiddle && next < run.length) return false;
    for (; next < run.length; next++) standIn();
    for (const [index, frame] of here) found.set(index, frame);
    return true;
  }
}

/** What the runs of one read share. */
interface Work {
  readonly request: FrameRequest;
  readonly scaler: Scaler;
  readonly found: Map<number, FoundFrame>;
  decodedFrames: number;
}
