import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { LacunaError } from '../../spec/errors.js';

/** What every answer of a server of ours says. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export interface OwnServerOptions {
  /** @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Names by which browsers may ask for it, beside addresses. @defaultValue localhost */
  readonly names?: readonly string[];
  /** The status of a request whose answer fails. @defaultValue 500 */
  readonly failed?: number;
}

/** A server that listens. */
export interface OwnServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers a request that was let in: a GET or a HEAD, to a name of the server's own. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Starts a server that lets in what asks for it by its own name, and reads; an answer that fails becomes its
 * sentence.
 *
 * @throws LacunaError where it cannot listen.
 */
export async function startOwnServer(
  { host = '127.0.0.1', port, names = ['localhost'], failed = 500 }: OwnServerOptions,
  answer: Answer,
): Promise<OwnServer> {
  const server = createServer((request, response) => {
    if (!isAdmitted(request, response, names)) return;
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        refuse(
          response,
          failed,
          error instanceof LacunaError ? error.message : 'It cannot be read.',
        );
    });
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

/** Whether a request is let in; one that is not has its answer. */
function isAdmitted(
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  names: readonly string[],
): boolean {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isOurs(headers.host, names)) {
    refuse(
      response,
      421,
      'This server has no site of this name. `lacuna serve` takes others by --name.',
    );
    return false;
  }
  if (method === 'GET' || method === 'HEAD') return true;
  response.setHeader('Allow', 'GET, HEAD');
  refuse(response, 405, 'Only GET and HEAD are answered.');
  return false;
}

function listen(server: Server, host: string, port: number): Promise<void> {
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

/**
 * Whether a browser asks for this server by a name of its own. A page elsewhere can have its own
 * name resolved to this machine, and would then be let in here (DNS rebinding); a bare address
 * cannot be resolved to another.
 */
function isOurs(host: string | undefined, names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return isIP(name) !== 0 || names.some((each) => each.toLowerCase() === name);
}

/** Answers with a text. */
export function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Answers with a sentence. */
export function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status;
  send(response, 'text/plain', `${sentence}\n`);
}
