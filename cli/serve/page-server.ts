import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { LacunaError } from '../../spec/errors.js';
import { type ServedFile, servedFiles } from './served-files.js';

export interface PageServerOptions {
  /** @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** 0 takes a free one. @defaultValue 8787 */
  readonly port?: number;
  /** Another name by which browsers reach the server: that of a proxy before it. */
  readonly name?: string;
  /** The folder of the compiled sources. @defaultValue the one that this file is of */
  readonly compiled?: string;
}

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What every answer of a server of ours says. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Serves the page that runs the suite in a browser. @throws LacunaError where it cannot listen. */
export async function startPageServer(options: PageServerOptions = {}): Promise<PageServer> {
  const { host = '127.0.0.1', port = 8787, name, compiled } = options;
  const files = servedFiles(compiled);
  const names = ['localhost', host, ...(name === undefined ? [] : [name])];
  const server = createServer((request, response) => {
    void answer(request, response, { files, names });
  });
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  // Browsers give WebGPU to localhost, and not to the address that stands for all.
  const everywhere = host === '0.0.0.0' || host === '::';
  const reached = everywhere ? 'localhost' : isIP(host) === 6 ? `[${host}]` : host;
  return {
    url: `http://${reached}:${taken}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @throws LacunaError where the server cannot listen. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const used = cause.code === 'EADDRINUSE';
      const facts = {
        where: `${host}:${port}`,
        what: used ? 'another program listens there' : 'the server cannot listen there',
        got: used ? `${host}:${port}` : cause.message,
        fix: 'Choose another port with --port; 0 takes a free one.',
      };
      reject(new LacunaError(facts, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

interface Site {
  readonly files: ReadonlyMap<string, ServedFile>;
  readonly names: readonly string[];
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { files, names }: Site,
): Promise<void> {
  const { method = '', url = '' } = request;
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isOurs(request.headers.host, names)) {
    return refuse(response, 421, 'This server has no site of this name. See --name.');
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are answered.');
  }
  const [path = ''] = url.split('?', 1);
  const file = files.get(path);
  const body = await file?.read().catch(() => undefined);
  if (file === undefined || body === undefined) return refuse(response, 404, 'Nothing is here.');
  for (const [name, value] of Object.entries(file.headers ?? {})) response.setHeader(name, value);
  response.setHeader('Content-Type', `${file.type}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(method === 'HEAD' ? undefined : body);
}

/**
 * Whether a browser asks for this server by a name of its own. A page elsewhere can have its own
 * name resolved to this machine, and would then be let in here (DNS rebinding); a bare address
 * cannot be resolved to another.
 */
export function isOurs(host: string | undefined, names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return isIP(name) !== 0 || names.some((each) => each.toLowerCase() === name);
}

/** Answers with a sentence. */
export function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${sentence}\n`);
}
