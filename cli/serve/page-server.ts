import { type OwnServer, refuse, send, startOwnServer } from './own-server.js';
import { servedFiles } from './served-files.js';

export interface PageServerOptions {
  /** @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** 0 takes a free one. @defaultValue 8787 */
  readonly port?: number;
  /** Another name by which browsers reach the server: that of a proxy before it. */
  readonly name?: string;
  /** The folder of the site. @defaultValue that of the build */
  readonly site?: string;
}

/** A server of the site. */
export interface PageServer extends OwnServer {
  /** The addresses of the pages, relative to `url`. */
  readonly pages: readonly string[];
}

/** Serves the site. @throws LacunaError where there is none, or where it cannot listen. */
export async function startPageServer(options: PageServerOptions = {}): Promise<PageServer> {
  const { host = '127.0.0.1', port = 8787, name, site } = options;
  const files = servedFiles(site);
  const names = ['localhost', host, ...(name === undefined ? [] : [name])];
  const server = await startOwnServer({ host, port, names }, async ({ url = '' }, response) => {
    const [path = ''] = url.split('?', 1);
    const file = files.get(path);
    if (file === undefined) return refuse(response, 404, 'Nothing is here.');
    for (const [header, value] of Object.entries(file.headers)) response.setHeader(header, value);
    send(response, file.type, file.body);
  });
  const pages = [...files.keys()].filter((path) => path.endsWith('.html'));
  return { ...server, pages: pages.map((path) => path.slice(1)).sort() };
}
