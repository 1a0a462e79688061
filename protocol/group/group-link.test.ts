import { connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { GroupLink } from './group-link.js';

/** Both ends of a connection on this machine. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const own = connect(port, '127.0.0.1');
  const other = await accepted;
  server.close();
  return [own, other];
}

it.concurrent('loses a process that is silent, as one does whose machine cannot be reached', async () => {
  const [own, other] = await pair();
  const reason = await new Promise<string>((onEnd) => {
    new GroupLink(own, { onMessage: () => {}, onEnd }, () => 1);
  });
  other.destroy();
  expect(reason).toBe('it has said nothing for 1 seconds');
});

it.concurrent('keeps one that lives, and takes messages in pieces', async () => {
  const [own, other] = await pair();
  const heard: unknown[] = [];
  const ended: string[] = [];
  const onEnd = (reason: string): void => void ended.push(reason);
  const first = new GroupLink(own, { onMessage: (each) => heard.push(each), onEnd }, () => 1);
  const beats = setInterval(() => other.write('{"type":"ali'), 400);
  const ends = setInterval(() => other.write('ve"}\n'), 400);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  clearInterval(beats);
  clearInterval(ends);
  expect(ended).toEqual([]);
  expect(heard.length).toBeGreaterThan(3);
  expect(heard[0]).toEqual({ type: 'alive' });
  other.write('{"type":"join"}\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(ended).toEqual(['it says what is no message']);
  first.close();
  other.destroy();
});

it.concurrent('holds nothing of what comes after it was closed', async () => {
  const [own, other] = await pair();
  const heard: unknown[] = [];
  const events = { onMessage: (each: unknown) => heard.push(each), onEnd: () => {} };
  new GroupLink(own, events, () => 9).close();
  expect(own.listenerCount('data')).toBe(0);
  const ended = new Promise((resolve) => own.once('close', resolve));
  other.end('{"type":"alive"}\n'.repeat(10_000));
  await ended;
  expect(heard).toEqual([]);
});

it.concurrent('takes no line that is longer than it may be, with an end or without', async () => {
  for (const [line, reason] of [
    [`${' '.repeat(100)}{"type":"alive"}`, undefined],
    [`${' '.repeat(100)}{"type":"alive"}\n`, undefined],
    ['{"type":"alive"}\n'.repeat(20), 'its connection has ended'],
  ] as const) {
    const [own, other] = await pair();
    const ended = new Promise<string>((onEnd) => {
      const events = { onMessage: () => {}, onEnd };
      new GroupLink(
        own,
        events,
        () => 9,
        () => 100,
      );
    });
    other.end(line);
    expect(await ended).toBe(reason ?? 'it says what has no end');
  }
});
