import { BROWSER } from './browser.js';

/** What the pages use of a worker. */
export interface PageWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: unknown, transfer?: readonly unknown[]): void;
  terminate(): void;
}

interface WorkerScope {
  readonly Worker: new (url: string, options: { readonly type: 'module' }) => PageWorker;
}

/**
 * Starts a worker of the page: a module that its `SitePage` names under `workers`, by the same path. It begins as text of
 * the page that imports the module: so it is held to the page's policy, where one that begins as a file would be held
 * to what its server says of that file, or to nothing.
 *
 * @throws Error where the page names no such worker.
 */
export function startWorker(module: string): PageWorker {
  const meta = BROWSER.document.querySelector(`meta[data-module="${module}"]`);
  const address = meta?.getAttribute('content') ?? undefined;
  if (address === undefined) throw new Error(`the page has no worker ${module}`);
  const file = new URL(address, BROWSER.document.baseURI).href;
  const text = new Blob([`import ${JSON.stringify(file)};`], { type: 'text/javascript' });
  const { Worker } = globalThis as unknown as WorkerScope;
  return new Worker(URL.createObjectURL(text), { type: 'module' });
}
