import { once } from 'node:events';
import { printJsonLine } from '../options/json-option.js';
import type { OwnServer } from './own-server.js';

/** What is said of a server once it listens. */
export interface Served {
  /** The address to open. @defaultValue the server's own */
  readonly url?: string;
  /** What Ctrl-C does, as a sentence. @defaultValue Ctrl-C ends it. */
  readonly ends?: string;
  /** What is served, for a program: keys beside `url`. */
  readonly result: object;
}

/**
 * Says where a server listens, for a person or, where `json` is, as one line of JSON, and serves until
 * Ctrl-C.
 */
export async function serveUntilStopped(
  server: OwnServer,
  json: boolean,
  { url = server.url, ends = 'Ctrl-C ends it.', result }: Served,
): Promise<void> {
  if (json) printJsonLine({ url, ...result });
  else console.log(`The page is at ${url}\n${ends}`);
  await once(process, 'SIGINT');
  await server.close();
}
