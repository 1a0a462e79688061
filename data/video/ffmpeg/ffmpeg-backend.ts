import { cacheFolder } from '../../../formats/cache-folder.js';
import { assembleFrames, type FoundFrame, wantedFrames } from '../assemble-frames.js';
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
import { type DecodedPart, decodeAll, decodePart } from './decode.js';
import { probe } from './probe.js';
import { programVersion } from './programs.js';
import { stillDecoder } from './still.js';
import { examine, packIndex, readIndex, unpackIndex, type VideoIndex } from './video-index.js';

/**
 * Packets that are decoded rather than jumped over, unless a caller says otherwise: each jump is a
 * process of its own, which reads the headers of the file again.
 */
const NEAR_PACKETS = 128;

/** Frames that one call of the program is asked for: a command line has an end. */
const FRAMES_PER_CALL = 1024;

/**
 * Video by the programs `ffmpeg` and `ffprobe` (5.1 or later) of this machine, each in a child process.
 *
 * @throws LacunaError when the programs are not there or too old.
 */
export async function ffmpegBackend(nearPackets: number = NEAR_PACKETS): Promise<VideoBackend> {
  const version = await programVersion('ffmpeg');
  const reader = `ffmpeg ${version} ${await programVersion('ffprobe')}`;
  const folder = new IndexFolder(reader, cacheFolder());
  const cache = new IndexCache<VideoIndex>({ folder, pack: packIndex, unpack: unpackIndex });
  return {
    name: 'ffmpeg',
    async open(path) {
      if (isPictures(path)) return PictureReader.open(path, (each) => stillDecoder(version, each));
      const still = await readStill(path, await checkVideoFile(path));
      if (still !== undefined) return new StillReader(path, still, stillDecoder(version, path));
      const kept = await cache.get(path, async () => {
        const probed = await probe(path);
        return readIndex(path, probed, version, () => decodeAll({ path, version, ...probed }));
      });
      return new FfmpegReader(path, { version, nearPackets }, kept);
    },
  };
}

interface ReaderOptions {
  readonly version: number;
  readonly nearPackets: number;
}

class FfmpegReader implements VideoReader {
  readonly info: VideoInfo;
  readonly frameTimes: Float64Array;
  readonly #path: VideoPath;
  readonly #options: ReaderOptions;
  readonly #replace: Kept<VideoIndex>['replace'];
  #index: VideoIndex;

  constructor(path: VideoPath, options: ReaderOptions, { index, replace }: Kept<VideoIndex>) {
    this.#path = path;
    this.#options = options;
    this.#index = index;
    this.#replace = replace;
    this.info = index.info;
    this.frameTimes = index.frameTimes;
  }

  async read(request: FrameRequest): Promise<Frames> {
    checkRequest(this.#path, this.info, request);
    const wanted = wantedFrames(this.#path, request, this.info.frameCount);
    const work: Work = { request, pixels: new Map(), decodedFrames: 0 };
    if (!(await this.#decodeAll(work, wanted))) {
      // A part does not decode cleanly: which frames are lost, only a decode of all of them tells.
      const { stream: index, info } = this.#index;
      const source = { path: this.#path, version: this.#options.version, index, codec: info.codec };
      this.#index = examine(this.#index, await decodeAll(source));
      await this.#replace(this.#index);
      await this.#decodeAll(work, wanted);
    }
    const found = new Map<number, FoundFrame>();
    for (const frame of wanted) {
      const index = this.#index.timeline.standIn(frame);
      const pixels = index === undefined ? undefined : work.pixels.get(index);
      if (index !== undefined && pixels !== undefined) found.set(frame, { index, pixels });
    }
    return assembleFrames(this.#path, request, found, work.decodedFrames);
  }

  [Symbol.dispose](): void {}

  /** Decodes what is shown for the frames wanted; false where that is not known before all is decoded. */
  async #decodeAll(work: Work, wanted: readonly number[]): Promise<boolean> {
    const { timeline } = this.#index;
    const shown = [...new Set(wanted.map((frame) => timeline.standIn(frame) ?? frame))];
    for (const { frames, entry } of this.#runs(shown.sort((a, b) => a - b))) {
      // Where the program came out behind the entry, all is decoded from the start.
      let part = await this.#decode(work, frames, entry);
      if (!part.isClean && entry.packet > 0) part = await this.#decode(work, frames, FILE_START);
      if (!part.isClean && timeline.lost === undefined) return false;
    }
    return true;
  }

  async #decode(work: Work, frames: readonly number[], entry: EntryPoint): Promise<DecodedPart> {
    const { version } = this.#options;
    const part = await decodePart(
      { path: this.#path, version, video: this.#index },
      { request: work.request, frames, entry },
    );
    for (const [frame, pixels] of part.pixels) work.pixels.set(frame, pixels);
    work.decodedFrames += part.decodedFrames;
    return part;
  }

  /** The frames, in runs that one call of the program decodes, each with where it begins. */
  #runs(frames: readonly number[]): readonly Run[] {
    const { timeline, entryTimes } = this.#index;
    const runs: { frames: number[]; entry: EntryPoint }[] = [];
    let reached = 0;
    for (const frame of frames) {
      const entry = entryTimes.length > 0 ? timeline.entryBefore(frame) : FILE_START;
      const isFar = entry.packet > reached + this.#options.nearPackets;
      const run = runs.at(-1);
      if (isFar) runs.push({ frames: [frame], entry });
      else if (run === undefined) runs.push({ frames: [frame], entry: FILE_START });
      else if (run.frames.length < FRAMES_PER_CALL) run.frames.push(frame);
      else runs.push({ frames: [frame], entry });
      reached = Math.max(reached, timeline.packetOf[frame] ?? 0);
    }
    return runs;
  }
}

interface Run {
  readonly frames: readonly number[];
  readonly entry: EntryPoint;
}

/** What the runs of one read share. */
interface Work {
  readonly request: FrameRequest;
  /** Of each frame that was decoded. */
  readonly pixels: Map<number, Uint8Array>;
  decodedFrames: number;
}
