import { type OwnServer, refuse, send, startOwnServer } from './own-server.js';
import { servedFiles } from './served-files.js';

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

/** Serves the page that runs the suite in a browser. @throws LacunaError where it cannot listen. */
export async function startPageServer(options: PageServerOptions = {}): Promise<OwnServer> {
  const { host = '127.0.0.1', port = 8787, name, compiled } = options;
  const files = servedFiles(compiled);
  const names = ['localhost', host, ...(name === undefined ? [] : [name])];
  return startOwnServer({ host, port, names }, async ({ url = '' }, response) => {
    const [path = ''] = url.split('?', 1);
    const file = files.get(path);
    const body = await file?.read().catch(() => undefined);
    if (file === undefined || body === undefined) return refuse(response, 404, 'Nothing is here.');
    for (const [header, value] of Object.entries(file.headers ?? {}))
      response.setHeader(header, value);
    send(response, file.type, body);
  });
}
