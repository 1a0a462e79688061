import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { encode } from 'fast-png';
import { dataRootOf, fileInRoot, videoBackend } from '../../data/index.js';
import type { SearchHit, VideoIndex } from '../../evaluation/index.js';
import { LacunaError } from '../../spec/index.js';
import { type OwnServer, refuse, startOwnServer } from '../serve/own-server.js';
import { MAX_SENTENCE, SEARCH_POLICY, searchPage } from './search-page.js';

/** What is served for a video, by the ending of its name; nothing else is. */
const TYPES: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.ogv': 'video/ogg',
  '.ogg': 'video/ogg',
};
const PICTURE_WIDTH = 480;

export interface SearchServerOptions {
  readonly index: VideoIndex;
  /** The videos that a sentence describes; called once at a time. */
  readonly find: (sentence: string) => Promise<readonly SearchHit[]>;
  /** @defaultValue 0, a free one */
  readonly port?: number;
}

/**
 * Serves a page in which sentences are looked up, on this machine alone (127.0.0.1). A request names a
 * video by its place in the index, never by a path, and a file is sent only where it is, in the root of
 * the index, of the size that it had.
 *
 * @throws LacunaError where it cannot listen.
 */
export function startSearchServer(options: SearchServerOptions): Promise<OwnServer> {
  const { port = 0, find } = options;
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = (sentence: string): Promise<readonly SearchHit[]> => {
    const next = last.then(() => find(sentence));
    last = next.catch(() => {});
    return next;
  };
  return startOwnServer({ port, failed: 404 }, (request, response) =>
    answer(request, response, { ...options, find: oneByOne }),
  );
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { index, find }: SearchServerOptions,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path === '/')
    return page(response, new URLSearchParams(query).get('q') ?? '', { index, find });
  const clip = /^\/clips\/(\d{1,7})$/.exec(path);
  if (clip !== null) return sendClip(request, response, index, Number(clip[1]));
  const frame = /^\/frames\/(\d{1,7})\/(\d{1,9})\.png$/.exec(path);
  if (frame !== null) return sendFrame(response, index, Number(frame[1]), Number(frame[2]));
  return refuse(response, 404, 'Nothing is here.');
}

async function page(
  response: ServerResponse,
  asked: string,
  { index, find }: SearchServerOptions,
): Promise<void> {
  const sentence = asked.trim().slice(0, MAX_SENTENCE);
  const input = { videos: index.videos.length, sentence };
  let text: string;
  try {
    const hits = sentence === '' ? [] : await find(sentence);
    text = searchPage({ ...input, hits });
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    text = searchPage({ ...input, hits: [], problem: error.message });
  }
  response.setHeader('Content-Security-Policy', SEARCH_POLICY);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(text);
}

/** The file of a video of the index, opened. */
async function opened(
  { root, followLinks, videos }: VideoIndex,
  place: number,
): Promise<{ readonly handle: FileHandle; readonly path: string; readonly size: number }> {
  const video = videos[place];
  if (video === undefined) throw new LacunaError({ what: 'the index has no such video' });
  const path = await fileInRoot(dataRootOf(root, followLinks), video.path);
  const handle = await open(path, 'r');
  const facts = await handle.stat();
  if (facts.isFile() && facts.size === video.size) return { handle, path, size: facts.size };
  await handle.close();
  throw new LacunaError({ where: video.path, what: 'the file is not the one that was indexed' });
}

async function sendClip(
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  index: VideoIndex,
  place: number,
): Promise<void> {
  const type = TYPES[extname(index.videos[place]?.path ?? '').toLowerCase()];
  if (type === undefined) return refuse(response, 404, 'No browser plays such a file.');
  const { handle, size } = await opened(index, place);
  try {
    const range = rangeOf(headers.range, size);
    response.setHeader('Accept-Ranges', 'bytes');
    if (range === 'beyond') {
      response.setHeader('Content-Range', `bytes */${size}`);
      return refuse(response, 416, 'The file is shorter.');
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    if (range !== undefined) {
      response.statusCode = 206;
      response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
    }
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', end - start + 1);
    if (method === 'HEAD') response.end();
    // Who reads no further is no failure of ours.
    else
      await pipeline(handle.createReadStream({ start, end, autoClose: false }), response).catch(
        () => {},
      );
  } finally {
    await handle.close();
  }
}

/** One range of bytes (RFC 9110, 14.2); undefined where all of the file is asked for. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'beyond' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'beyond' : { start, end };
}

/** A frame as a PNG, whatever its codec. */
async function sendFrame(
  response: ServerResponse,
  index: VideoIndex,
  place: number,
  frame: number,
): Promise<void> {
  const { handle, path } = await opened(index, place);
  await handle.close();
  const reader = await (await videoBackend('auto')).open(path);
  try {
    const { width, height, frameCount } = reader.info;
    if (frame >= frameCount) return refuse(response, 404, 'The video has no such frame.');
    const scale = Math.min(1, PICTURE_WIDTH / width, PICTURE_WIDTH / height);
    const side = (length: number): number => Math.max(1, Math.round(length * scale));
    const size = { width: side(width), height: side(height) };
    const crop = { x: 0, y: 0, width, height };
    const { data } = await reader.read({ indices: [frame], crop, size, flip: false });
    response.setHeader('Content-Type', 'image/png');
    response.end(encode({ ...size, data, channels: 3, depth: 8 }));
  } finally {
    reader[Symbol.dispose]();
  }
}
