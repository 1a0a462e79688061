import type { FilterContext, FilterGraph, Frame } from 'node-av/lib';
import { refusal } from '../refusal.js';
import type { VideoPath } from '../video-path.js';
import type { Library } from './library.js';

/** Runs decoded frames through a filter chain, one in, one out. */
export class Scaler implements Disposable {
  readonly #library: Library;
  readonly #path: VideoPath;
  readonly #chain: readonly string[];
  readonly #output: Frame;
  #graph: { graph: FilterGraph; source: FilterContext; sink: FilterContext } | undefined;
  #format = '';

  constructor(library: Library, path: VideoPath, chain: readonly string[]) {
    this.#library = library;
    this.#path = path;
    this.#chain = chain;
    this.#output = new library.Frame();
    this.#output.alloc();
  }

  /** The pixels of one frame, a copy. @throws LacunaError when the stream changes its frame size. */
  scale(frame: Frame): Uint8Array {
    const { source, sink } = this.#graphFor(frame);
    const sent = source.buffersrcAddFrameSync(frame);
    const got = sent < 0 ? sent : sink.buffersinkGetFrameSync(this.#output);
    if (got < 0) throw this.#failure(got);
    const pixels = this.#output.toBuffer();
    this.#output.unref();
    return pixels;
  }

  [Symbol.dispose](): void {
    this.#graph?.graph.free();
    this.#output.free();
  }

  #graphFor(frame: Frame): { source: FilterContext; sink: FilterContext } {
    const { width, height, format, colorSpace, colorRange } = frame;
    const key = `video_size=${width}x${height}:pix_fmt=${format}`;
    if (this.#graph !== undefined && this.#format === key) return this.#graph;
    this.#graph?.graph.free();
    this.#graph = undefined;
    const { FilterGraph, Filter } = this.#library;
    const graph = new FilterGraph();
    graph.alloc();
    graph.nbThreads = 1;
    const made = (name: string, filter: string, options?: string): FilterContext => {
      const found = Filter.getByName(filter);
      const context = found && graph.createFilter(found, name, options);
      if (context === null) throw this.#failure(this.#library.AVERROR_EINVAL);
      return context;
    };
    const facts = `${key}:time_base=1/1000:pixel_aspect=1/1:colorspace=${colorSpace}:range=${colorRange}`;
    try {
      const source = made('in', 'buffer', facts);
      const sink = made('out', 'buffersink');
      // Filter by filter: `parsePtr` keeps 0.4 KB for each graph, which 100,000 opened videos feel.
      const filters = this.#chain.map((text, index) => {
        const [, filter = text, options] = /^(.*?)=(.*)$/.exec(text) ?? [];
        return made(`${index}`, filter, options);
      });
      let last = source;
      for (const each of [...filters, sink]) {
        this.#check(last.link(0, each, 0));
        last = each;
      }
      this.#check(graph.configSync());
      this.#graph = { graph, source, sink };
    } catch (error) {
      graph.free();
      throw error;
    }
    this.#format = key;
    return this.#graph;
  }

  #check(code: number): void {
    if (code < 0) throw this.#failure(code);
  }

  #failure(code: number): Error {
    const reason = this.#library.FFmpegError.strerror(code);
    return refusal(
      this.#path,
      'a frame cannot be scaled: its size differs from the others',
      reason,
    );
  }
}
