import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LacunaError } from '../../spec/index.js';
import { HEADERS, isOurs, listen, refuse } from '../serve/page-server.js';
import { CheckpointPictures } from './checkpoint-pictures.js';
import { RunFollower, type WatchedRun } from './run-follower.js';
import { WATCH_PAGE, WATCH_POLICY } from './watch-page.js';

/** Between two looks at the run's files, in ms, however many pages ask. */
const PAUSE_MS = 500;

export interface WatchServerOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Clips that are masked and reconstructed; 0 for none. */
  readonly examples: number;
  /** @defaultValue 0, a free one */
  readonly port?: number;
}

export interface WatchServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a live page about a run, on this machine alone (127.0.0.1): `/`, `/run.json` and `/pictures.json`,
 * and nothing else. The run is followed by its files; its process notices nothing.
 *
 * @throws LacunaError where the folder holds no run, or it cannot listen.
 */
export async function startWatchServer(options: WatchServerOptions): Promise<WatchServer> {
  const { folder, examples, port = 0 } = options;
  const follower = new RunFollower(folder);
  const first = await follower.look();
  const looks = atMostEvery(PAUSE_MS, () => follower.look());
  const pictures = new CheckpointPictures(folder, first.task === 'pretrain' ? examples : 0);
  const server = createServer((request, response) => {
    answer(request, response, looks, pictures).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, error instanceof LacunaError ? error.message : String(error));
    });
  });
  await listen(server, '127.0.0.1', port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await pictures.settled();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  looks: () => Promise<WatchedRun>,
  pictures: CheckpointPictures,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isOurs(request.headers.host, ['localhost'])) {
    return refuse(response, 421, 'This server has no site of this name.');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are answered.');
  }
  switch (request.url) {
    case '/':
      response.setHeader('Content-Security-Policy', WATCH_POLICY);
      return send(response, 'text/html', WATCH_PAGE);
    case '/run.json':
      return send(response, 'application/json', JSON.stringify(await looks()));
    case '/pictures.json': {
      const { checkpoint } = await looks();
      return send(response, 'application/json', JSON.stringify(pictures.of(checkpoint)));
    }
    default:
      return refuse(response, 404, 'Nothing is here.');
  }
}

function send(response: ServerResponse, type: string, body: string): void {
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** One call at a time; one that comes within `ms` of the last has its result. */
function atMostEvery<T>(ms: number, call: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  let begun = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  return () => {
    if (last === undefined || (!isOpen && performance.now() - begun >= ms)) {
      begun = performance.now();
      isOpen = true;
      last = call().finally(() => {
        isOpen = false;
      });
    }
    return last;
  };
}
