import type { FilterContext, FilterGraph, Frame } from 'node-av/lib';
import { refusal } from '../refusal.js';
import type { Library } from './library.js';

/** Runs decoded frames through a filter chain, one in, one out. */
export class Scaler implements Disposable {
  readonly #library: Library;
  readonly #path: string;
  readonly #chain: string;
  readonly #output: Frame;
  #graph: { graph: FilterGraph; source: FilterContext; sink: FilterContext } | undefined;
  #format = '';

  constructor(library: Library, path: string, chain: string) {
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
    const { FilterGraph, FilterInOut, Filter } = this.#library;
    const graph = new FilterGraph();
    graph.alloc();
    graph.nbThreads = 1;
    const buffer = Filter.getByName('buffer');
    const bufferSink = Filter.getByName('buffersink');
    const facts = `${key}:time_base=1/1000:pixel_aspect=1/1:colorspace=${colorSpace}:range=${colorRange}`;
    const source = buffer && graph.createFilter(buffer, 'in', facts);
    const sink = bufferSink && graph.createFilter(bufferSink, 'out');
    if (source === null || sink === null) throw this.#failure(this.#library.AVERROR_EINVAL);
    const start = new FilterInOut();
    const end = new FilterInOut();
    start.alloc();
    end.alloc();
    Object.assign(start, { name: 'in', filterCtx: source, padIdx: 0, next: null });
    Object.assign(end, { name: 'out', filterCtx: sink, padIdx: 0, next: null });
    const parsed = graph.parsePtr(this.#chain, end, start);
    const configured = parsed < 0 ? parsed : graph.configSync();
    if (configured < 0) {
      graph.free();
      throw this.#failure(configured);
    }
    this.#graph = { graph, source, sink };
    this.#format = key;
    return this.#graph;
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
