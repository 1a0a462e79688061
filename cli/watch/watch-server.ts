import { type OwnServer, refuse, send, startOwnServer } from '../serve/own-server.js';
import { CheckpointPictures } from './checkpoint-pictures.js';
import { RunFollower } from './run-follower.js';
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

/**
 * Serves a live page about a run, on this machine alone (127.0.0.1): `/`, `/run.json` and `/pictures.json`,
 * and nothing else. The run is followed by its files; its process notices nothing.
 *
 * @throws LacunaError where the folder holds no run, or it cannot listen.
 */
export async function startWatchServer(options: WatchServerOptions): Promise<OwnServer> {
  const { folder, examples, port = 0 } = options;
  const follower = new RunFollower(folder);
  const first = await follower.look();
  const looks = atMostEvery(PAUSE_MS, () => follower.look());
  const pictures = new CheckpointPictures(folder, first.task === 'pretrain' ? examples : 0);
  const server = await startOwnServer({ port }, async ({ url }, response) => {
    switch (url) {
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
  });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await pictures.settled();
    },
  };
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
