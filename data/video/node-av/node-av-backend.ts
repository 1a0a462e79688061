import { cacheFolder } from '../../../formats/cache-folder.js';
import { assembleFrames, type FoundFrame, wantedFrames } from '../assemble-frames.js';
import { filterChain } from '../filter-chain.js';
import { IndexCache, type Kept } from '../index-cache.js';
import { IndexFolder } from '../index-folder.js';
import { checkRequest } from '../refusal.js';
import { PictureReader } from '../still/picture-reader.js';
import { readStill } from '../still/still-image.js';
import { StillReader } from '../still/still-reader.js';
import { type EntryPoint, FILE_START } from '../timeline.js';
import { checkVideoFile } from '../video-file.js';
import { isPictures, type VideoPath } from '../video-path.js';
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
import { stillDecoder } from './still.js';
import { examine, readIndex, type VideoIndex } from './video-index.js';
import { packIndex, unpackIndex } from './video-index-columns.js';

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
  const folder = new IndexFolder(`node-av ${library.getFFmpegInfo().version}`, cacheFolder());
  const cache = new IndexCache<VideoIndex>({ folder, pack: packIndex, unpack: unpackIndex });
  return {
    name: 'node-av',
    async open(path) {
      if (isPictures(path)) return PictureReader.open(path, (each) => stillDecoder(library, each));
      const still = await readStill(path, await checkVideoFile(path));
      if (still !== undefined) return new StillReader(path, still, stillDecoder(library, path));
      const source = new PacketSource(library, path);
      try {
        const kept = await cache.get(path, () => source.readThrough(readIndex));
        return new NodeAvReader(library, path, source, kept);
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
  readonly frameTimes: Float64Array;
  readonly #library: Library;
  readonly #path: VideoPath;
  readonly #source: PacketSource;
  readonly #replace: Kept<VideoIndex>['replace'];
  #index: VideoIndex;

  constructor(
    library: Library,
    path: VideoPath,
    source: PacketSource,
    { index, replace }: Kept<VideoIndex>,
  ) {
    this.#library = library;
    this.#path = path;
    this.#source = source;
    this.#index = index;
    this.#replace = replace;
    this.info = index.info;
    this.frameTimes = index.frameTimes;
    source.use(index);
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const wanted = wantedFrames(this.#path, request, this.info.frameCount);
    using scaler = new Scaler(this.#library, this.#path, filterChain(this.info, request));
    const work: Work = { request, scaler, pixels: new Map(), decodedFrames: 0 };
    if (!this.#decodeAll(work, wanted)) {
      // A part does not decode cleanly: which frames are lost, only a decode of all of them tells.
      const { stream } = this.#source;
      this.#index = examine(this.#library, this.#path, stream, this.#index);
      await this.#replace(this.#index);
      this.#decodeAll(work, wanted);
    }
    return assembleFrames(this.#path, request, this.#found(work, wanted), work.decodedFrames);
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  /** For each frame wanted the one that is shown, where it was decoded. */
  #found({ pixels }: Work, wanted: readonly number[]): ReadonlyMap<number, FoundFrame> {
    const found = new Map<number, FoundFrame>();
    for (const frame of wanted) {
      const index = this.#index.timeline.standIn(frame);
      const data = index === undefined ? undefined : pixels.get(index);
      if (index !== undefined && data !== undefined) found.set(frame, { index, pixels: data });
    }
    return found;
  }

  /** Decodes what is shown for the frames wanted; false where that is not known before all is decoded. */
  #decodeAll(work: Work, wanted: readonly number[]): boolean {
    const { timeline } = this.#index;
    const shown = [...new Set(wanted.map((frame) => timeline.standIn(frame) ?? frame))];
    shown.sort((a, b) => a - b);
    // Motion is asked of all frames from the first to the last.
    const runs = work.request.onVectors === undefined ? this.#runs(shown) : [shown];
    for (const run of runs) {
      const entry = timeline.entryBefore(run[0] ?? 0);
      if (this.#decode(work, run, entry)) continue;
      if (timeline.lost === undefined) return false;
      this.#decode(work, run, FILE_START);
    }
    return true;
  }

  /** The frames, in runs that are decoded in one go, each from an entry point of its own. */
  #runs(frames: readonly number[]): readonly (readonly number[])[] {
    const { timeline } = this.#index;
    const runs: number[][] = [];
    let reached = Number.NEGATIVE_INFINITY;
    for (const frame of frames) {
      const { packet } = timeline.entryBefore(frame);
      if (packet > reached + NEAR_PACKETS || runs.length === 0) runs.push([]);
      runs.at(-1)?.push(frame);
      reached = Math.max(reached, timeline.packetOf[frame] ?? 0);
    }
    return runs;
  }

  /**
   * Decodes the frames of a run from an entry point on. False where one did not come, or where it is not
   * known yet which frames are lost and something on the way did not decode cleanly.
   */
  #decode(work: Work, run: readonly number[], entry: EntryPoint): boolean {
    const { request, scaler, pixels } = work;
    const { timeline, info } = this.#index;
    const isKnown = timeline.lost !== undefined;
    using decoder = new Decoder(
      this.#library,
      this.#path,
      this.#source.stream,
      request.onVectors !== undefined,
    );
    const last = run.at(-1) ?? 0;
    const settled = isKnown ? last : timeline.settledBy(run, entry);
    let [next, expected, counted] = [0, entry.frame, 0];
    if (entry.packet > 0) decoder.show(this.#source.first());
    for (const frame of decoder.frames(this.#source.from(entry.packet))) {
      work.decodedFrames++;
      const index = timeline.isCounted ? counted++ : timeline.frameOf(Number(frame.pts));
      if (index === undefined || index < entry.frame) continue;
      const isClean = index === expected++ && !decoder.isMadeUp(frame);
      if (!isKnown && !isClean) return false;
      const isShown = timeline.lost?.has(index) !== true;
      if (isShown && index <= last) {
        request.onVectors?.(index, frameVectors(this.#library, frame, info.stored));
      }
      if (index === run[next]) {
        pixels.set(index, scaler.scale(frame));
        next++;
      }
      if (index >= settled) break;
    }
    const isSettled = isKnown || expected > settled;
    const isHidden = (packet: number): boolean => timeline.frameOf(packet) === undefined;
    if (!isKnown && decoder.refused.some(isHidden)) return false;
    return next === run.length && isSettled;
  }
}

/** What the runs of one read share. */
interface Work {
  readonly request: FrameRequest;
  readonly scaler: Scaler;
  /** Of each frame that was decoded. */
  readonly pixels: Map<number, Uint8Array>;
  decodedFrames: number;
}
