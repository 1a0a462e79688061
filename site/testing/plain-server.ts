import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
};

/** A server that tells what it was asked for. */
export interface PlainServer {
  readonly url: string;
  close(): Promise<void>;
  readonly asked: readonly string[];
}

/** Serves a folder below `/some/where/` as a server does that knows nothing of the site: without any policy. */
export async function startPlainServer(folder: string): Promise<PlainServer> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const { pathname } = new URL(url, 'http://page');
    const name = pathname.replace(/^\/some\/where\//, '').replace(/^$|\/$/, 'index.html');
    try {
      const body = readFileSync(join(folder, name));
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    url: `http://127.0.0.1:${port}/some/where/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
