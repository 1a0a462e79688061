import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClipRecord } from '../../../data/index.js';
import type { SourceOutcome } from '../caption-source.js';
import {
  type EndpointCaptionsOptions,
  endpointCaptions,
  endpointRequests,
  TGM_PROMPTS,
} from './endpoint-captions.js';
import { MAX_REPLY_BYTES } from './read-reply.js';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly body: string;
  readonly at: number;
}

type Reply = (response: ServerResponse, asked: Asked) => void;

const completion = (content: unknown, finish = 'stop'): string =>
  JSON.stringify({ choices: [{ message: { role: 'assistant', content }, finish_reason: finish }] });
const says: (content: unknown, finish?: string) => Reply = (content, finish) => (response) =>
  void response.setHeader('content-type', 'application/json').end(completion(content, finish));
const status: (code: number, headers?: Readonly<Record<string, string>>) => Reply =
  (code, headers = {}) =>
  (response) =>
    void response.writeHead(code, headers).end('no, sk-secret');

/** A service on this machine: the replies in their turn, the last one over and over. */
const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const { method, url, headers } = request;
    const one = { method, url, key: headers.authorization, body, at: performance.now() };
    asked.push(one);
    (replies[Math.min(asked.length, replies.length) - 1] ?? status(500))(response, one);
  });
});
let asked: Asked[] = [];
let replies: readonly Reply[] = [];
let base = '';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request) body += String(piece);
  return body;
}

beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
});

const clip = (video: string, label: string): ClipRecord => ({
  id: video,
  video,
  captions: ['a secret caption'],
  label,
});
const bike = clip('private/path.mp4', 'ride_bike');

function ask(
  given: readonly Reply[],
  options: Partial<EndpointCaptionsOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<SourceOutcome> {
  replies = given;
  asked = [];
  const source = endpointCaptions([bike], {
    base,
    model: 'tiny',
    prompts: ['Describe {}.'],
    firstWait: 0.001,
    ...options,
  });
  return source.caption(bike, signal);
}

describe('captions from an endpoint', () => {
  it("are asked for with the paper's three prompts, and nothing else is sent", async () => {
    const source = endpointCaptions([bike], { base: `${base}/`, model: 'tiny' });
    replies = [says('One.'), says('Two.'), says('Three.')];
    expect(await source.caption(bike, new AbortController().signal)).toEqual({
      captions: ['One.', 'Two.', 'Three.'],
    });
    expect(asked.map(({ method, url, key }) => [method, url, key])).toEqual(
      TGM_PROMPTS.map(() => ['POST', '/v1/chat/completions', undefined]),
    );
    expect(asked.map(({ body }) => JSON.parse(body) as unknown)).toEqual(
      [
        'Describe the action ride bike.',
        'What does a person ride bike look like?',
        'What does the act of ride bike look like?',
      ].map((content) => ({
        model: 'tiny',
        messages: [{ role: 'user', content }],
        temperature: 0.7,
        max_tokens: 64,
      })),
    );
    expect(endpointRequests([bike, bike], { base, model: 'tiny' }).requests).toEqual(
      asked.map(({ body }) => JSON.parse(body) as unknown),
    );
  });

  it('share a label and ask in parallel as told', () => {
    const source = endpointCaptions([bike], { base, model: 'm', concurrency: 7 });
    expect(source.concurrency).toBe(7);
    expect(source.keyOf(bike)).toBe(source.keyOf(clip('b.mp4', 'RideBike')));
    expect(source.keyOf(bike)).not.toBe(source.keyOf(clip('c.mp4', 'RideCar')));
    expect(() => endpointCaptions([bike], { base, model: 'm', concurrency: 0 })).toThrow(
      /--concurrency: .*from 1 to 64/,
    );
  });

  it('carry the key in a header, and nowhere else', async () => {
    const key = { variable: 'MY_KEY', value: 'sk-secret' };
    await ask([says('x')], { key });
    expect(asked[0]?.key).toBe('Bearer sk-secret');
    expect(asked[0]?.body).not.toContain('secret');
    const source = endpointCaptions([bike], { base, model: 'm', key });
    expect(JSON.stringify(source.facts)).not.toContain('secret');
    const echo: Reply = (response) => void response.end('{"error": "sk-secret", "sk": 1}');
    for (const reply of [status(401), status(400), echo]) {
      const error = await ask([reply], { key }).catch((thrown: unknown) => String(thrown));
      expect(error).toMatch(/^LacunaError/);
      expect(error).not.toContain('sk-secret');
    }
  });

  it.each([
    ['a message cut off', 'One. Two is! And then the', 'length', 'One. Two is!'],
    [
      'a message cut off in its first sentence',
      'It goes and 3.5 of',
      'length',
      'It goes and 3.5 of',
    ],
    ['a whole message', 'One. And no full stop', 'stop', 'One. And no full stop'],
  ])('take of %s what is whole', async (_, content, finish, caption) => {
    expect(await ask([says(content, finish)])).toEqual({ captions: [caption] });
  });

  it('count empty replies', async () => {
    const problem = 'the endpoint answers nothing about "ride bike"';
    expect(await ask([says(null)])).toEqual({ problem });
    expect(await ask([says(' '), says('x')], { prompts: ['{}', '{}?'] })).toMatchObject({
      captions: [' ', 'x'],
      note: '1 of 2 replies are empty',
    });
  });
});

describe('an endpoint that fails and recovers', () => {
  const broken: Reply = (response) => void response.end('{"choices": [');
  const cut: Reply = (response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{');
    response.destroy();
  };
  const closes: Reply = (response) => void response.destroy();
  it.each([
    ['500', status(500)],
    ['503', status(503)],
    ['429', status(429)],
    ['408', status(408)],
    ['broken JSON', broken],
    ['a reply that is cut', cut],
    ['a closed connection', closes],
  ])('is asked again after %s', async (_, failure) => {
    expect(await ask([failure, failure, says('x')])).toEqual({ captions: ['x'] });
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ body }) => body)).size).toBe(1);
  });

  it('is waited for twice as long each time', async () => {
    await ask([status(500), status(500), status(500), says('x')], { firstWait: 0.1 });
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? 0));
    expect(gaps.map((gap, i) => gap >= 100 * 2 ** i - 2)).toEqual([true, true, true]);
  });

  it('is waited for as long as it says, up to the longest wait', async () => {
    const started = performance.now();
    await ask([status(429, { 'retry-after': '1' }), says('x')]);
    expect(performance.now() - started).toBeGreaterThan(990);
    const capped = performance.now();
    const far = new Date(Date.now() + 1e7).toUTCString();
    for (const after of ['86400', far]) {
      await ask([status(429, { 'retry-after': after }), says('x')], { longestWait: 0.05 });
    }
    expect(performance.now() - capped).toBeLessThan(20_000);
    await ask([status(503, { 'retry-after': 'soon' }), says('x')]);
  });

  it('may be slow, within the timeout', async () => {
    const slow: Reply = (response) => void setTimeout(() => response.end(completion('x')), 300);
    expect(await ask([slow])).toEqual({ captions: ['x'] });
    const never: Reply = () => {};
    await expect(ask([never], { timeout: 0.05, retries: 1 })).rejects.toThrow(
      /does not answer; got no reply within 0.05 s, 2 times.*same command goes on/,
    );
    const dribbles: Reply = (response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    };
    await expect(ask([dribbles], { timeout: 0.1, retries: 0 })).rejects.toThrow(
      /got no reply within 0.1 s, 1 time\./,
    );
  });
});

describe('an endpoint that fails for good', () => {
  it('ends the run after so many tries', async () => {
    await expect(ask([status(500)], { retries: 2 })).rejects.toThrow(
      /chat\/completions: the endpoint does not answer; got status 500, 3 times/,
    );
    expect(asked.length).toBe(3);
  });

  it('is told when nobody listens', async () => {
    const nobody = { base: 'http://127.0.0.1:9/v1', retries: 1 }; // the port "discard"
    await expect(ask([], nobody)).rejects.toThrow(/does not answer; got .+, 2 times/);
    const refused = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => refused.once('listening', resolve));
    const { port } = refused.address() as AddressInfo;
    await new Promise((resolve) => refused.close(resolve));
    const gone = { base: `http://127.0.0.1:${port}/v1`, retries: 1 };
    await expect(ask([], gone)).rejects.toThrow(/got ECONNREFUSED, 2 times/);
  });

  it.each([
    [400, /refuses the request; got status 400.*--max-tokens/],
    [401, /got status 401.*--key-variable/],
    [404, /got status 404.*often ends in \/v1.*"tiny"/],
    [302, /got status 302.*It moved/],
  ])('is not asked again after status %i', async (code, message) => {
    const headers = { location: 'http://127.0.0.1:9/' };
    await expect(ask([status(code, headers)])).rejects.toThrow(message);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['{}', /no chat completion; got an object with nothing in it/],
    ['{"object": "list", "data": []}', /got an object with "object", "data"/],
    ['"hello"', /got JSON of type string/],
    ['{"choices": []}', /no chat completion/],
    ['{"choices": [{"message": {"content": 3}}]}', /no chat completion/],
    ['{"choices": [{"text": "old"}]}', /no chat completion/],
  ])('is told when it replies %s', async (body, message) => {
    await expect(ask([(response) => void response.end(body)])).rejects.toThrow(message);
    expect(asked).toHaveLength(1);
  });

  it('may not reply without end', async () => {
    let sent = 0;
    const huge: Reply = (response) => {
      const piece = Buffer.alloc(2 ** 16, 0x20);
      const more = (): void => {
        while (!response.destroyed && sent < 2 ** 28 && response.write(piece)) sent += piece.length;
      };
      response.on('drain', more);
      more();
    };
    await expect(ask([huge])).rejects.toThrow(/the reply is too large/);
    expect(sent).toBeLessThan(2 ** 26);
    const fits = completion('x').padEnd(MAX_REPLY_BYTES, ' ');
    expect(await ask([(response) => void response.end(fits)])).toEqual({ captions: ['x'] });
  });

  it('is left at once when the run is stopped', async () => {
    const stop = new AbortController();
    const started = performance.now();
    const waiting = ask([status(429, { 'retry-after': '50' })], {}, stop.signal);
    setTimeout(() => stop.abort(), 100);
    await expect(waiting).rejects.toThrow(/abort/);
    const again = new AbortController();
    await expect(ask([() => again.abort()], {}, again.signal)).rejects.toThrow(/abort/);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe('the address of an endpoint', () => {
  const key = { variable: 'MY_KEY', value: 'sk-secret' };
  const open = (options: Partial<EndpointCaptionsOptions>) => () =>
    endpointCaptions([bike], { base: 'http://localhost:1/v1', model: 'm', ...options });
  it.each([
    [{ base: 'localhost:1234' }, /no address of a service/],
    [{ base: 'ftp://x/v1' }, /no address of a service/],
    [{ base: 'http://x/v1?key=3' }, /no address of a service/],
    [{ base: '' }, /no address of a service/],
    [{ base: 'https://me:pass@x/v1' }, /holds a name or a password/],
    [
      { base: 'http://example.com/v1', key },
      /the key in MY_KEY would go over the network in the clear/,
    ],
    [{ key: { ...key, value: 'a\nb' } }, /MY_KEY: the key has characters/],
  ])('is refused: %j', (options, message) => {
    expect(open(options)).toThrow(message);
  });
  it.each([
    { base: 'http://example.com/v1' },
    { base: 'https://example.com/v1', key },
    { base: 'http://127.0.0.1:8080/v1', key },
    { base: 'http://[::1]:8080', key },
  ])('is taken: %j', (options) => {
    expect(open(options)).not.toThrow();
  });
});
