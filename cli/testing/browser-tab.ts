import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Chromium, FLAGS } from './chromium.js';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** States of the site's pages that pass by themselves. */
const PASSING = ['starting', 'waiting', 'working', 'running'];

/** A tab of a headless browser, driven by the DevTools protocol over a pipe. */
export class BrowserTab {
  /** What the page complained of: errors, and what its content security policy refused. */
  readonly complaints: string[] = [];
  /** The addresses that the page asked for, its own first; pictures that it holds itself do not count. */
  readonly requests: string[] = [];
  /** The sessions of the page's workers: for `send`. */
  readonly workers: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #pending = new Map<number, (message: Message) => void>();
  #session: string | undefined;
  #last = 0;

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    let text = '';
    const incoming = child.stdio[4] as Readable;
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      const messages = `${text}${chunk}`.split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.#receive(JSON.parse(message) as Message);
    });
    child.once('exit', () => {
      for (const settle of this.#pending.values()) {
        settle({ error: { message: 'the browser has ended' } });
      }
    });
  }

  static async open({ program, environment }: Chromium): Promise<BrowserTab> {
    const profile = mkdtempSync(join(tmpdir(), 'lacuna-chromium-'));
    const flags = [...FLAGS, '--remote-debugging-pipe', `--user-data-dir=${profile}`];
    const child = spawn(program, [...flags, 'about:blank'], {
      env: environment,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const tab = new BrowserTab(child, profile);
    const { targetId } = await tab.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
    });
    const attached = { targetId, flatten: true };
    const { sessionId } = await tab.send<{ sessionId: string }>('Target.attachToTarget', attached);
    tab.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await tab.send(`${domain}.enable`);
    const attach = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true };
    await tab.send('Target.setAutoAttach', attach);
    return tab;
  }

  /** Asks the browser for something, of the page or of a worker. @throws Error with its answer where it refuses. */
  async send<T>(
    method: string,
    params: object = {},
    own: string | undefined = this.#session,
  ): Promise<T> {
    const id = ++this.#last;
    const session = own === undefined ? {} : { sessionId: own };
    const answer = new Promise<Message>((resolve) => this.#pending.set(id, resolve));
    const text = JSON.stringify({ id, method, params, ...session });
    (this.#child.stdio[3] as Writable).write(`${text}\0`);
    const { result, error } = await answer;
    this.#pending.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{
      readonly result: { readonly value: T };
      readonly exceptionDetails?: object;
    }>('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      // What is evaluated is held to the page's policy, too.
      allowUnsafeEvalBlockedByCSP: false,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Opens an address. `before` is a script that runs there before all others. */
  async visit(url: string, before = ''): Promise<void> {
    this.complaints.length = 0;
    this.requests.length = 0;
    const { identifier } = await this.send<{ identifier: string }>(
      'Page.addScriptToEvaluateOnNewDocument',
      { source: before },
    );
    await this.send('Page.navigate', { url });
    await this.send('Page.removeScriptToEvaluateOnNewDocument', { identifier });
  }

  /** Waits until the page and all that is in it are loaded, for at most ten seconds. */
  async loaded(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const ready = await this.evaluate<string>('document.readyState').catch(() => '');
      if (ready === 'complete') break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What a failed picture does comes after that.
    await this.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');
  }

  /**
   * Waits until the page has come to a state (`data-state` of its element `page`) that lasts, and gives it.
   *
   * @param path How the page's path ends, where a link leads to another page.
   * @param passing States that are waited through; a test that asks for something sets `waiting` itself.
   * @throws Error with what the page complained of meanwhile.
   */
  async settled(path = '', passing: readonly string[] = PASSING): Promise<string> {
    const isThere = `location.pathname.endsWith(${JSON.stringify(path)})`;
    const state = `${isThere} ? document.getElementById('page')?.dataset.state ?? null : null`;
    for (;;) {
      // While a page gives way to the next there is none to ask.
      const now = await this.evaluate<string | null>(state).catch(() => null);
      if (now !== null && !passing.includes(now)) return now;
      if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    await removed(this.#profile);
  }

  #receive(message: Message): void {
    const { id, method, params } = message;
    if (id !== undefined) this.#pending.get(id)?.(message);
    if (method === 'Target.attachedToTarget') {
      const { sessionId } = params as { readonly sessionId: string };
      // The page itself comes so, too, before it has a session.
      if (this.#session !== undefined) {
        this.workers.push(sessionId);
        for (const domain of ['Runtime', 'Log', 'Network'])
          void this.send(`${domain}.enable`, {}, sessionId).catch(() => {});
      }
    }
    if (method === 'Target.detachedFromTarget') {
      const { sessionId } = params as { readonly sessionId: string };
      this.workers.splice(
        0,
        this.workers.length,
        ...this.workers.filter((each) => each !== sessionId),
      );
    }
    if (method === 'Network.requestWillBeSent') {
      const { url } = (params as { readonly request: { readonly url: string } }).request;
      if (!url.startsWith('data:')) this.requests.push(url);
    }
    const entry = (params as { entry?: { level: string; text: string; url?: string } })?.entry;
    if (method === 'Log.entryAdded' && entry?.level === 'error') {
      this.complaints.push(`${entry.text} ${entry.url ?? ''}`);
    }
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
  }
}

/**
 * Removes a folder in which the browser's own children write for a moment longer. Node's retries remove what is
 * inside once, and then wait in vain for the folder to be empty.
 */
async function removed(folder: string): Promise<void> {
  for (let tries = 50; ; tries--) {
    try {
      return await rm(folder, { recursive: true, force: true });
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
