import { LacunaError } from '../../../spec/errors.js';
import { endpointUrl } from './endpoint-url.js';
import { readReply } from './read-reply.js';

/** Where an OpenAI-compatible service is, and how patiently it is asked. */
export interface ChatEndpointOptions {
  /** Its base, like `http://localhost:11434/v1`: requests go to `{base}/chat/completions`. */
  readonly base: string;
  readonly model: string;
  /** The key, and the environment variable that it comes from, which messages name. */
  readonly key?: { readonly variable: string; readonly value: string };
  /** @defaultValue 0.7 */
  readonly temperature?: number;
  /** Tokens of a reply. @defaultValue 64 */
  readonly maxTokens?: number;
  /** Seconds that one request may take. @defaultValue 60 */
  readonly timeout?: number;
  /** How often a request that failed is repeated. @defaultValue 5 */
  readonly retries?: number;
  /** Seconds before the first repetition; each further wait is twice as long. @defaultValue 1 */
  readonly firstWait?: number;
  /** The longest wait in seconds, whatever the service asks for. @defaultValue 60 */
  readonly longestWait?: number;
}

/** What is sent: the whole of it. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly [{ readonly role: 'user'; readonly content: string }];
  readonly temperature: number;
  readonly max_tokens: number;
}

/** A failure that a repetition may mend, with the seconds that the service wants to pass before it. */
class Passing {
  readonly what: string;
  readonly wait: number | undefined;

  constructor(what: string, wait?: number) {
    this.what = what;
    this.wait = wait;
  }
}

/** Asks an OpenAI-compatible chat service, over `POST {base}/chat/completions`, one prompt at a time. */
export class ChatEndpoint {
  readonly url: string;
  readonly #options: Required<Omit<ChatEndpointOptions, 'key'>> & Pick<ChatEndpointOptions, 'key'>;

  /** @throws LacunaError for an address that cannot be used, or a key that would go over it in the clear. */
  constructor(options: ChatEndpointOptions) {
    this.url = endpointUrl(options);
    this.#options = {
      temperature: 0.7,
      maxTokens: 64,
      timeout: 60,
      retries: 5,
      firstWait: 1,
      longestWait: 60,
      ...options,
    };
  }

  /** The request for a prompt. */
  request(prompt: string): ChatRequest {
    const { model, temperature, maxTokens } = this.#options;
    return {
      model,
      messages: [{ role: 'user', content: prompt }],
      temperature,
      max_tokens: maxTokens,
    };
  }

  /**
   * The reply to a prompt. Failures that may pass (no connection, a timeout, a broken reply, status
   * 408, 425, 429 and 5xx) are repeated, after twice the wait each time or as long as `Retry-After`
   * says, never longer than the longest wait.
   *
   * @throws LacunaError when it still fails, is refused, or replies with something else than a chat
   *   completion.
   */
  async ask(prompt: string, signal?: AbortSignal): Promise<string> {
    const { retries, firstWait, longestWait } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#try(prompt, signal);
      if (typeof outcome === 'string') return outcome;
      if (attempt === retries) {
        throw new LacunaError({
          what: 'the endpoint does not answer',
          where: this.url,
          got: `${outcome.what}, ${attempt + 1} ${attempt === 0 ? 'time' : 'times'}`,
          fix: 'Check that it runs; what has been captioned is kept, and the same command goes on.',
        });
      }
      await pause(Math.min(longestWait, outcome.wait ?? firstWait * 2 ** attempt), signal);
    }
  }

  async #try(prompt: string, signal: AbortSignal | undefined): Promise<string | Passing> {
    const { key, timeout } = this.#options;
    const limit = AbortSignal.timeout(1000 * timeout);
    const ends = AbortSignal.any(signal === undefined ? [limit] : [limit, signal]);
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        redirect: 'manual', // a redirection could lead the key elsewhere
        signal: ends,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key.value}` }),
        },
        body: JSON.stringify(this.request(prompt)),
      });
      if (!response.ok) return await this.#refused(response);
      const reply = await readReply(response, this.url);
      return reply ?? new Passing('a reply that is no JSON');
    } catch (error) {
      if (error instanceof LacunaError || signal?.aborted === true) throw error;
      if (limit.aborted) return new Passing(`no reply within ${timeout} s`);
      return new Passing(reasonOf(error));
    }
  }

  async #refused(response: Response): Promise<Passing> {
    const { status } = response;
    await response.body?.cancel().catch(() => {}); // its text may hold anything, the key too
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      return new Passing(`status ${status}`, retryAfter(response.headers.get('retry-after')));
    }
    throw new LacunaError({
      what: 'the endpoint refuses the request',
      where: this.url,
      got: `status ${status}`,
      fix: this.#fix(status),
    });
  }

  #fix(status: number): string {
    const { key, model } = this.#options;
    if (status === 401 || status === 403) {
      return key === undefined
        ? 'It wants a key: put it into an environment variable and name that with --key-variable.'
        : `Check the key in ${key.variable}.`;
    }
    if (status === 404) {
      return `Check --endpoint (it often ends in /v1) and that the service has the model ${JSON.stringify(model)}.`;
    }
    if (status >= 300 && status < 400) return 'It moved: give the address that it moved to.';
    return 'Check --model, --temperature and --max-tokens against what the service takes.';
  }
}

/** Seconds from a Retry-After header: a number, or a date; undefined for anything else. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, 1000 * seconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
